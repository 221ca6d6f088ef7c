/** The loaded series → each head's largest lasting change, and how many heads changed at each step. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { markedHeads, type LastingChange } from "../decoding/marked_heads";
import { markAbove } from "./evolution_settings";
import { metrics } from "./shown_metric";

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

/** The head with the largest change; null where none changed. */
export const topMover: ReadonlySignal<LastingChange | null> = computed(() => {
  let best: LastingChange | null = null;
  for (const change of changes.value)
    if (best === null || Math.abs(change.size) > Math.abs(best.size)) best = change;
  return best;
});
