/** A comparison → its heads in the order of the list, and which layers did not change. */

import type { Comparison, HeadChange } from "../../decoding/comparison";
import type { Ranking } from "../../state";
import { formatDifference } from "../../text/format_number";
import { layerName, type LayerSort, layersText } from "../../text/layer_names";

/** Heads above this count as changed. */
export const CHANGED = 0.005;

export function difference({ before, after }: HeadChange): number {
  return after - before;
}

/** The class that colours a difference; "" for one that is shown as ±.00. */
export function signOf(change: number): "is-gained" | "is-lost" | "" {
  if (!/[1-9]/.test(formatDifference(change))) return "";
  return change > 0 ? "is-gained" : "is-lost";
}

/** Whether its change or its largest single one would be shown as other than zero; a broken head's counts, as it is no number. */
export function isChanged(head: HeadChange): boolean {
  return !(head.change < CHANGED && Math.abs(difference(head)) < CHANGED);
}

export function rankHeads(comparison: Comparison, by: Ranking): HeadChange[] {
  const heads = comparison.ranking.map(([layer, head]) => comparison.head(layer, head));
  if (by === "change") return heads;
  if (by === "number") return heads.sort((a, b) => a.layer - b.layer || a.head - b.head);
  return heads.sort((a, b) => Math.abs(difference(b)) - Math.abs(difference(a)));
}

/** Where nothing changed much, bars stay short. */
const LEAST_SCALE = 0.05;

/** What a whole bar means: the change of the head that changed most, if that is worth a whole bar. */
export function largestChange(comparison: Comparison): number {
  return comparison.change.reduce((most, each) => (each > most ? each : most), LEAST_SCALE);
}

/** "Layers 0–3 are unchanged.", "Layer 2 is unchanged."; "" where every layer changed. */
export function unchangedLayers(changes: ArrayLike<number>, shapes: readonly LayerSort[]): string {
  const same = Array.from(changes, (change, layer) => (change === 0 ? layer : -1)).filter(
    (layer) => layer !== -1,
  );
  if (same.length === 0) return "";
  if (same.length === changes.length) return "No layer changed.";
  const text = same.length === 1 ? layerName(shapes, same[0]!) : layersText(shapes, same);
  return `${text} ${same.length === 1 ? "is" : "are"} unchanged.`;
}
