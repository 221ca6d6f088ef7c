/** The wanted cell → its weight at evenly spaced steps of every visible run, a few requests at once. */

import { effect, untracked } from "@preact/signals";

import type { TagIndex } from "../decoding/answers";
import type { Api } from "../fetching/api";
import { cellHistory, type CellLine, type WantedCell, wantedCell } from "../state/cell_history";
import { contributionsOf, type Quantity } from "../decoding/contribution";
import type { LayerWeights } from "../decoding/decode";
import { evenlyFirst } from "./evenly_first";
import { type Job, RequestCache } from "./request_cache";
import { weightsJob } from "./jobs";
import {
  index,
  metrics,
  quantityName,
  run,
  shown,
  step,
  tag,
  visibleRuns,
  weights,
} from "../state";

/** Steps asked for at most, and the inflated bytes of all their answers. */
export const MOST_STEPS = 200;
const MOST_BYTES = 256 << 20;
const FEWEST_STEPS = 8;
/** Heads kept, so that another cell of the same head costs no request. */
const KEPT_BYTES = 16 << 20;
const WORKERS = 2;
/** Numbers kept, so that what was read once of a long text is not read again. */
const KEPT_VALUES = 10_000;

/** Mean over the queries of the sum over the keys; NaN where the head has no such tokens. */
export function cellWeight(of: LayerWeights, { head, query, key }: WantedCell): number {
  if (query[1] > of.queries || key[1] > of.keys) return NaN;
  let sum = 0;
  for (let q = query[0]; q < query[1]; q++)
    for (let k = key[0]; k < key[1]; k++) sum += of.weight(head, q, k);
  return sum / (query[1] - query[0]);
}

interface Wanted {
  readonly cell: WantedCell;
  readonly quantity: Quantity;
}

interface Ask {
  line: CellLine;
  position: number;
  job: Job<LayerWeights>;
}

function linesOf(tagName: string): { line: CellLine; listed: TagIndex }[] {
  const runs = [...visibleRuns.value].sort((a, b) => +(b === run.value) - +(a === run.value));
  return runs.flatMap((name) => {
    const listed = index.value?.[name]?.[tagName];
    if (listed === undefined) return [];
    const values = new Float32Array(listed.steps.length).fill(NaN);
    return [{ line: { run: name, steps: listed.steps, values }, listed }];
  });
}

/** Of a layer that came: the cell's weight, or its contribution; NaN where that is not known. */
function cellValue(of: LayerWeights, { cell, quantity }: Wanted): number {
  const drawn = quantity === "weight" ? of : contributionsOf(of);
  return drawn === null ? NaN : cellWeight(drawn, cell);
}

/** How often the selected run's text had changed by a step: tokens stand elsewhere after it. */
function textNumber(at: number): number {
  const changes = metrics.value?.evolution?.probeChanges ?? [];
  return changes.filter((each) => each <= at).length;
}

/** Whether a step of a run has the text that is shown, as far as that is known. */
function hasText(name: string, at: number): boolean {
  return name !== run.value || step.value === null || textNumber(at) === textNumber(step.value);
}

/** Which steps are asked for, the runs in turn. */
function plan(api: Api, cell: WantedCell, tagName: string, most: number) {
  const lines = linesOf(tagName);
  const perRun = Math.floor(most / Math.max(1, lines.length));
  const queues = lines.map(({ line, listed }) =>
    evenlyFirst(listed.steps.length)
      .filter((position) => listed.kinds[position] !== "metrics")
      .filter((position) => hasText(line.run, listed.steps[position]!))
      .slice(0, perRun)
      .map((position): Ask => {
        const step = listed.steps[position]!;
        const version = listed.versions[position] ?? null;
        const at = { run: line.run, tag: tagName, step, version };
        return { line, position, job: weightsJob(api, at, { layer: cell.layer, head: cell.head }) };
      }),
  );
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  const asks = Array.from({ length: longest }, (_, i) => queues.flatMap((queue) => queue[i] ?? []));
  return { lines: lines.map(({ line }) => line), asks: asks.flat() };
}

/** Everything that the answers depend on. */
function whatOf(cell: WantedCell, tagName: string): string {
  const listed = [...visibleRuns.value].map((name) => [name, index.value?.[name]?.[tagName]]);
  const text = textNumber(step.value ?? 0);
  return JSON.stringify([cell, tagName, run.value, quantityName.value, text, listed]);
}

function mostSteps({ queries, keys }: LayerWeights): number {
  return Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, Math.floor(MOST_BYTES / (queries * keys))));
}

/** What was read before: whole heads, and numbers of single cells. */
interface Kept {
  readonly cache: RequestCache;
  readonly values: Map<string, number>;
}

/** Asks for one cell until it is stopped; tells after each answer. */
class CellFollower {
  #done = 0;
  #isStopped = false;
  readonly #left: Ask[];

  constructor(
    readonly cell: WantedCell,
    readonly quantity: Quantity,
    readonly tag: string,
    readonly asks: readonly Ask[],
    readonly lines: CellLine[],
    readonly kept: Kept,
  ) {
    this.#left = asks.filter((ask) => !this.#isKnown(ask));
    this.#tell();
    for (let worker = 0; worker < WORKERS; worker++) void this.#work();
  }

  stop(): void {
    this.#isStopped = true;
    this.kept.cache.abortExcept(new Set());
  }

  #isKnown(ask: Ask): boolean {
    const { cache, values } = this.kept;
    const kept = cache.peek(ask.job);
    const value = kept === undefined ? values.get(this.#nameOf(ask)) : cellValue(kept.value, this);
    if (value !== undefined) this.#take(ask, value);
    return value !== undefined;
  }

  #nameOf({ job }: Ask): string {
    return `${this.quantity} ${job.key} ${this.cell.query.join()} ${this.cell.key.join()}`;
  }

  #take(ask: Ask, value: number): void {
    ask.line.values[ask.position] = value;
    this.kept.values.set(this.#nameOf(ask), value);
    this.#done++;
  }

  #tell(): void {
    const { cell, tag, lines } = this;
    const logged = lines.reduce((sum, { steps }) => sum + steps.length, 0);
    cellHistory.value = { cell, tag, lines, done: this.#done, asked: this.asks.length, logged };
  }

  async #work(): Promise<void> {
    for (let ask = this.#left.shift(); ask !== undefined; ask = this.#left.shift()) {
      if (this.#isStopped) return;
      const of = await this.kept.cache.get(ask.job).catch(() => null);
      if (this.#isStopped) return;
      if (of === null) this.#done++;
      else this.#take(ask, cellValue(of, this));
      this.#tell();
    }
  }
}

/** Asks begin when the present step is on screen; a new wish calls off the old one. */
export function startCellLoader(api: Api): () => void {
  const kept: Kept = { cache: new RequestCache(KEPT_BYTES), values: new Map() };
  let following: string | null = null;
  let follower: CellFollower | null = null;

  const follow = (cell: WantedCell, tagName: string, most: number): CellFollower => {
    const { lines, asks } = plan(api, cell, tagName, most);
    if (kept.values.size > KEPT_VALUES) kept.values.clear();
    return new CellFollower(cell, quantityName.peek(), tagName, asks, lines, kept);
  };

  const dispose = effect(() => {
    const cell = wantedCell.value;
    const tagName = tag.value;
    const ready = weights.value.status === "ready";
    const present = cell === null || tagName === null ? null : whatOf(cell, tagName);
    if (present === following || (present !== null && !ready)) return;
    following = present;
    untracked(() => {
      follower?.stop();
      follower = null;
      if (cell === null || tagName === null) cellHistory.value = null;
      else follower = follow(cell, tagName, mostSteps(shown(weights.peek())!));
    });
  });
  return () => {
    dispose();
    follower?.stop();
  };
}
