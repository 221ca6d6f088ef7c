/** The loaded series → each head's largest lasting change, and how many heads changed at each step. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { isMarked, lastingChange, markedHeads, type LastingChange } from "../decoding/marked_heads";
import { markAbove } from "./evolution_settings";
import { metrics, shownMetric } from "./shown_metric";

/** By step. */
export const changes: ReadonlySignal<readonly LastingChange[]> = computed(() => {
  const series = metrics.value;
  return (series?.evolution ?? null) === null ? [] : markedHeads(series!, markAbove.value);
});

export const changedAt: ReadonlySignal<ReadonlyMap<number, number>> = computed(() => {
  const counts = new Map<number, number>();
  for (const { step } of changes.value) counts.set(step, (counts.get(step) ?? 0) + 1);
  return counts;
});

/** Each head's marked lasting change of the shown metric. */
export const changesOfShown: ReadonlySignal<readonly LastingChange[]> = computed(() => {
  const series = metrics.value;
  if (series === null || (series.evolution ?? null) === null) return [];
  const metric = series.names.indexOf(shownMetric.value ?? "");
  if (metric === -1) return [];
  return series.layers.flatMap(({ heads }, layer) =>
    Array.from({ length: heads }, (_, head) => lastingChange(series, layer, head, metric)).filter(
      (change) => change !== null && isMarked(series, change, markAbove.value),
    ),
  ) as LastingChange[];
});

function largestOf(of: readonly LastingChange[]): LastingChange | null {
  let best: LastingChange | null = null;
  for (const change of of)
    if (best === null || Math.abs(change.size) > Math.abs(best.size)) best = change;
  return best;
}

/** The head that the shown metric changed most; null where it changed none. */
export const topOfShown: ReadonlySignal<LastingChange | null> = computed(() =>
  largestOf(changesOfShown.value),
);

/** The same, else the head with the largest change of any metric; null where none changed. */
export const topMover: ReadonlySignal<LastingChange | null> = computed(
  () => topOfShown.value ?? largestOf(changes.value),
);
