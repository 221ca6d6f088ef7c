/** The wanted cell → its weight at evenly spaced steps of every visible run, a few requests at once. */

import { effect, untracked } from "@preact/signals";

import type { TagIndex } from "../decoding/answers";
import type { Api } from "../fetching/api";
import { cellHistory, type CellLine, type WantedCell, wantedCell } from "../state/cell_history";
import type { LayerWeights } from "../decoding/decode";
import { evenlyFirst } from "./evenly_first";
import { type Job, RequestCache } from "./request_cache";
import { weightsJob } from "./jobs";
import { index, run, shown, tag, visibleRuns, weights } from "../state";

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

/** Which steps are asked for, the runs in turn. */
function plan(api: Api, cell: WantedCell, tagName: string, most: number) {
  const lines = linesOf(tagName);
  const perRun = Math.floor(most / Math.max(1, lines.length));
  const queues = lines.map(({ line, listed }) =>
    evenlyFirst(listed.steps.length)
      .filter((position) => listed.kinds[position] !== "metrics")
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
  return JSON.stringify([cell, tagName, run.value, listed]);
}

function mostSteps({ queries, keys }: LayerWeights): number {
  return Math.min(MOST_STEPS, Math.max(FEWEST_STEPS, Math.floor(MOST_BYTES / (queries * keys))));
}

/** Asks begin when the present step is on screen; a new wish calls off the old one. */
export function startCellLoader(api: Api): () => void {
  const cache = new RequestCache(KEPT_BYTES);
  const known = new Map<string, number>();
  let following: string | null = null;
  let stopPresent = (): void => undefined;

  function follow(cell: WantedCell, tagName: string, most: number): () => void {
    const { lines, asks } = plan(api, cell, tagName, most);
    const logged = lines.reduce((sum, { steps }) => sum + steps.length, 0);
    const total = asks.length;
    let done = 0;
    let stopped = false;
    const nameOf = ({ job }: Ask): string => `${job.key} ${cell.query.join()} ${cell.key.join()}`;
    const tell = (): void => {
      cellHistory.value = { cell, tag: tagName, lines, done, asked: total, logged };
    };
    const take = (ask: Ask, value: number): void => {
      ask.line.values[ask.position] = value;
      known.set(nameOf(ask), value);
      done++;
    };
    if (known.size > KEPT_VALUES) known.clear();
    const left = asks.filter((ask) => {
      const kept = cache.peek(ask.job);
      const value = kept === undefined ? known.get(nameOf(ask)) : cellWeight(kept.value, cell);
      if (value !== undefined) take(ask, value);
      return value === undefined;
    });
    tell();
    const work = async (): Promise<void> => {
      for (let ask = left.shift(); ask !== undefined && !stopped; ask = left.shift()) {
        const of = await cache.get(ask.job).catch(() => null);
        if (stopped) return;
        if (of === null) done++;
        else take(ask, cellWeight(of, cell));
        tell();
      }
    };
    for (let worker = 0; worker < WORKERS; worker++) void work();
    return () => {
      stopped = true;
      cache.abortExcept(new Set());
    };
  }

  const dispose = effect(() => {
    const cell = wantedCell.value;
    const tagName = tag.value;
    const ready = weights.value.status === "ready";
    const present = cell === null || tagName === null ? null : whatOf(cell, tagName);
    if (present === following || (present !== null && !ready)) return;
    following = present;
    untracked(() => {
      stopPresent();
      stopPresent = () => undefined;
      if (cell === null || tagName === null) cellHistory.value = null;
      else stopPresent = follow(cell, tagName, mostSteps(shown(weights.peek())!));
    });
  });
  return () => {
    dispose();
    stopPresent();
  };
}
