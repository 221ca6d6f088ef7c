/** Ticked runs and the selected run's scalars → what the evolution view lays over and under the heads' histories. */

import { computed, effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import type { MetricSeries } from "../decoding/decode";
import { fits } from "../decoding/evolution_facts";
import { RivalScalars } from "./rival_scalars";
import { asApiError, isAbort } from "./slot";
import {
  factsError,
  hidden,
  index,
  otherRuns,
  otherSeries,
  run,
  scalar,
  scalarTag,
  scalarTags,
  series,
  shown,
  stale,
  tag,
  view,
  wantedFilm,
} from "../state";

/** A loss is what one looks at first. */
export function preferredScalar(tags: readonly string[]): string | null {
  return tags.find((name) => /loss/i.test(name)) ?? tags[0] ?? null;
}

/** Series of the other runs, one after the other, each asked for anew when its files change. */
class OtherRuns {
  readonly #known = new Map<string, { key: string; series: MetricSeries }>();
  #abort = new AbortController();

  constructor(readonly api: Api) {}

  async show(names: readonly string[], tagName: string): Promise<void> {
    this.stop();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const keys = new Map(names.map((name) => [name, keyOf(name, tagName)]));
    for (const name of this.#known.keys()) if (!keys.has(name)) this.#known.delete(name);
    this.#tell(tagName);
    for (const [name, key] of keys) {
      if (this.#known.get(name)?.key === key) continue;
      try {
        let isPending = true;
        while (isPending && !signal.aborted) {
          const { value } = await this.api.metrics(name, tagName, signal);
          isPending = value.pending > 0;
          this.#known.set(name, { key, series: value });
          if (isPending) this.#tell(tagName);
        }
      } catch (error) {
        if (isAbort(error)) return;
        this.#known.delete(name);
      }
      if (signal.aborted) return;
      this.#tell(tagName);
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  #tell(tagName: string): void {
    const prefix = JSON.stringify(tagName);
    const fitting = [...this.#known].filter(([, { key }]) => key.startsWith(prefix));
    const next = new Map(fitting.map(([name, { series }]) => [name, series]));
    const old = otherSeries.peek();
    const isSame =
      next.size === old.size && [...next].every(([name, series]) => old.get(name) === series);
    if (!isSame) otherSeries.value = next;
  }
}

function keyOf(runName: string, tagName: string): string {
  return JSON.stringify(tagName) + JSON.stringify(index.peek()?.[runName]?.[tagName]?.versions);
}

/** The evolution of a series that came without, as soon as it is on screen. */
class Facts {
  #abort = new AbortController();
  /** What is under way. */
  #wanted: string | null = null;

  constructor(readonly api: Api) {}

  async add(runName: string, tagName: string): Promise<void> {
    const name = JSON.stringify([runName, tagName]);
    if (name === this.#wanted) return;
    this.stop();
    this.#wanted = name;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const facts = await this.api.evolutionFacts({ run: runName, tag: tagName }, signal);
      const now = series.peek();
      // Its rows may have become more meanwhile.
      if (signal.aborted || now.status !== "ready" || facts === null) return;
      if (fits(facts, now.value)) series.value = { status: "ready", value: now.value.with(facts) };
    } catch (error) {
      if (!isAbort(error)) factsError.value = asApiError(error);
    } finally {
      if (this.#wanted === name && !signal.aborted) this.#wanted = null;
    }
  }

  stop(): void {
    this.#wanted = null;
    this.#abort.abort();
  }
}

/** The list of scalars, then the chosen one. */
class Scalars {
  #abort = new AbortController();
  #run: string | null = null;

  constructor(readonly api: Api) {}

  async show(runName: string, wanted: string | null): Promise<void> {
    this.stop();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    if (this.#run !== runName) {
      this.#run = runName;
      scalarTags.value = { status: "loading" };
      scalar.value = stale(scalar.peek());
    }
    try {
      const tags = await this.api.scalarTags(runName, signal);
      scalarTags.value = { status: "ready", value: tags };
      const chosen = wanted !== null && tags.includes(wanted) ? wanted : preferredScalar(tags);
      if (chosen === null) scalar.value = { status: "idle" };
      else {
        const value = await this.api.scalar(runName, chosen, signal);
        if (!signal.aborted) scalar.value = { status: "ready", value };
      }
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      if (shown(scalarTags.peek()) === undefined)
        scalarTags.value = { status: "error", error: asApiError(error) };
      scalar.value = { status: "error", error: asApiError(error) };
    }
  }

  stop(): void {
    this.#abort.abort();
  }
}

const wantedScalar = computed(() => shown(scalar.value)?.tag ?? null);

export function startEvolutionLoader(api: Api): () => void {
  const facts = new Facts(api);
  const others = new OtherRuns(api);
  const scalars = new Scalars(api);
  const rivals = new RivalScalars(api);
  const isWanted = (): boolean => view.value === "evolution" && !hidden.value;
  const dispose = [
    effect(() => {
      const now = series.value;
      const [runName, tagName] = [run.value, tag.value];
      if (hidden.value || now.status !== "ready" || runName === null || tagName === null) return;
      const { evolution, steps } = now.value;
      if ((evolution !== null && evolution?.isPending !== true) || steps.length === 0) return;
      untracked(() => void facts.add(runName, tagName));
    }),
    effect(() => {
      const [names, tagName] = [otherRuns.value, tag.value];
      void index.value;
      if (!isWanted() || tagName === null) return others.stop();
      untracked(() => void others.show(names, tagName));
    }),
    effect(() => {
      const [runName, wanted] = [run.value, scalarTag.value];
      void index.value;
      const isBesideFilm = wantedFilm.value !== null && !hidden.value;
      if (!(isWanted() || isBesideFilm) || runName === null) return scalars.stop();
      untracked(() => void scalars.show(runName, wanted));
    }),
  ];
  dispose.push(
    effect(() => {
      const [names, shownTag] = [otherRuns.value, wantedScalar.value];
      void index.value;
      if (!isWanted() || shownTag === null) return rivals.stop();
      untracked(() => void rivals.show(names, shownTag));
    }),
  );
  return () => {
    for (const each of dispose) each();
    facts.stop();
    others.stop();
    scalars.stop();
    rivals.stop();
  };
}
