/** A probe whose heads changed → every head's pattern at its first and at its last step, for before and after. */

import { computed, effect, untracked } from "@preact/signals";

import type { Quantity } from "../decoding/contribution";
import type { Api } from "../fetching/api";
import {
  changes,
  edgePatterns,
  hidden,
  kinds,
  metrics,
  quantityName,
  run,
  series,
  steps,
  tag,
  versions,
  view,
} from "../state";

/** Of more heads the patterns are too many bytes for two small pictures of a few of them. */
const MOST_HEADS = 600;

interface Edges {
  readonly run: string;
  readonly tag: string;
  readonly positions: readonly [first: number, last: number];
  readonly versions: readonly (string | null)[];
  readonly quantity: Quantity;
}

/** As text, so that it changes only with what it says. */
const wanted = computed<string | null>(() => {
  const of = metrics.value;
  const [runName, tagName] = [run.value, tag.value];
  if (view.value !== "evolution" || hidden.value || series.value.status !== "ready") return null;
  if (of === null || runName === null || tagName === null || changes.value.length === 0)
    return null;
  if (of.layers.reduce((sum, { heads }) => sum + heads, 0) > MOST_HEADS) return null;
  const whole = kinds.value.flatMap((kind, at) =>
    kind === "metrics" || of.damaged.includes(steps.value[at]!) ? [] : [at],
  );
  const [first, last] = [whole[0], whole.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  const at = [first, last].map((position) => versions.value[position] ?? null);
  const edges: Edges = {
    run: runName,
    tag: tagName,
    positions: [first, last],
    versions: at,
    quantity: quantityName.value,
  };
  return JSON.stringify(edges);
});

export function startEdgePatterns(api: Api): () => void {
  let abort = new AbortController();
  const show = async (key: string): Promise<void> => {
    const edges = JSON.parse(key) as Edges;
    const [first, last] = edges.positions.map((position, at) => ({
      run: edges.run,
      tag: edges.tag,
      step: steps.peek()[position]!,
      version: edges.versions[at] ?? null,
    }));
    const { signal } = abort;
    try {
      const before = (await api.thumbnails(first!, signal, edges.quantity)).value;
      const after = (await api.thumbnails(last!, signal, edges.quantity)).value;
      if (signal.aborted) return;
      edgePatterns.value = { before, after, steps: [first!.step, last!.step] };
    } catch {
      // The rows stand without pictures; what is wrong with a step is said where it is shown.
    }
  };
  const dispose = effect(() => {
    const key = wanted.value;
    untracked(() => {
      abort.abort();
      abort = new AbortController();
      edgePatterns.value = null;
      if (key !== null) void show(key);
    });
  });
  return () => {
    dispose();
    abort.abort();
  };
}
