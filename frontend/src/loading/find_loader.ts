/** The pattern to find → every head's weight on it, at the selected step first and then at evenly spaced ones. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import type { Quantity } from "../decoding/contribution";
import { addFound, nothingFound, type FoundSteps } from "../decoding/found_heads";
import { evenlyFirst } from "./evenly_first";
import { asApiError, isAbort } from "./slot";
import {
  findPattern,
  findStopped,
  hidden,
  index,
  isSearched,
  noSearch,
  patternSteps,
  quantityName,
  run,
  search,
  step,
  tag,
  toolPanel,
  type FindPattern,
} from "../state";

/** In one request; the server answers as many as it can in its time. */
const MOST_STEPS = 64;

interface Wanted {
  readonly run: string;
  readonly tag: string;
  readonly pattern: FindPattern;
  readonly quantity: Quantity;
  readonly key: string;
}

function wanted(): Wanted | null {
  const [runName, tagName, pattern] = [run.value, tag.value, findPattern.value];
  if (runName === null || tagName === null || pattern === null) return null;
  if (toolPanel.value !== "find" || !isSearched(pattern)) return null;
  const versions = index.value?.[runName]?.[tagName]?.versions;
  const quantity = quantityName.value;
  const key = JSON.stringify([runName, tagName, pattern, versions, quantity]);
  return { run: runName, tag: tagName, pattern, quantity, key };
}

/** The selected step alone, and at the same time one more, so that a first curve is there at once. */
export function firstBatches(left: readonly number[], present: number | null): number[][] {
  if (present === null || !left.includes(present))
    return left.length === 0 ? [] : [left.slice(0, MOST_STEPS)];
  const other = left.find((each) => each !== present);
  return other === undefined ? [[present]] : [[present], [other]];
}

class Searcher {
  #abort = new AbortController();

  constructor(readonly api: Api) {}

  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  /** Goes on where the same search was left. */
  async run(what: Wanted, present: number | null): Promise<void> {
    this.stop();
    const { signal } = this.#abort;
    const known = search.peek().key === what.key ? search.peek().found : nothingFound;
    const steps = patternSteps.peek();
    const total = steps.length;
    const seen = new Set([...known.values.keys(), ...known.skipped.map((each) => each.step)]);
    search.value = { ...noSearch, key: what.key, found: known, done: seen.size, total };
    let left = evenlyFirst(total)
      .map((at) => steps[at]!)
      .filter((each) => !seen.has(each));
    let asked = firstBatches(left, present).map((steps) => this.#ask(what, steps, signal));
    while (asked.length > 0 && !findStopped.peek()) {
      search.value = { ...search.peek(), status: "running" };
      const answered = await asked.shift()!;
      if (answered === null) return;
      const gone = new Set([...answered.steps, ...answered.skipped.map((each) => each.step)]);
      left = left.filter((each) => !gone.has(each));
      const found = addFound(search.peek().found, answered);
      search.value = { ...search.peek(), found, done: total - left.length };
      if (asked.length === 0 && left.length > 0 && !findStopped.peek())
        asked = [this.#ask(what, left.slice(0, MOST_STEPS), signal)];
    }
    search.value = { ...search.peek(), status: left.length === 0 ? "done" : "stopped" };
  }

  /** null: no longer wanted, or failed. A lone damaged step is skipped. */
  async #ask(
    what: Wanted,
    steps: readonly number[],
    signal: AbortSignal,
  ): Promise<FoundSteps | null> {
    try {
      const { run: runName, tag: tagName, pattern, quantity } = what;
      const answer = await this.api.find(runName, tagName, steps, pattern, signal, quantity);
      return signal.aborted ? null : answer;
    } catch (error) {
      if (isAbort(error) || signal.aborted) return null;
      const told = asApiError(error);
      if (steps.length === 1 && told.status !== 400 && told.status !== 0) {
        const skipped = [{ step: steps[0]!, reason: told.message }];
        const empty = new Float32Array(0);
        return { steps: [], layers: 0, heads: 0, values: empty, uniform: empty, left: [], skipped };
      }
      search.value = { ...search.peek(), status: "error", error: told };
      return null;
    }
  }
}

export function startFindLoader(api: Api): () => void {
  const searcher = new Searcher(api);
  const dispose = effect(() => {
    const what = wanted();
    const isStopped = findStopped.value;
    if (hidden.value) return untracked(() => searcher.stop());
    untracked(() => {
      if (what === null) {
        searcher.stop();
        return;
      }
      if (isStopped && search.peek().key === what.key) {
        searcher.stop();
        if (search.peek().status === "running")
          search.value = { ...search.peek(), status: "stopped" };
        return;
      }
      findStopped.value = false;
      void searcher.run(what, step.peek());
    });
  });
  return () => {
    dispose();
    searcher.stop();
  };
}
