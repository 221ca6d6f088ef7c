/** Histories of a layer → its heads from left to right: by last value, lasting change, or first crossing. */

import type { Histories } from "../../draw/histories";
import { sortHeads } from "../../draw/grid";
import { lastingChange } from "../../decoding/marked_heads";
import { crossing, headSort, type HeadSort } from "../../state";

export const SORT_NAMES: Readonly<Record<HeadSort, string>> = {
  number: "Head number",
  last: "Value at the last step",
  change: "Size of the lasting change",
  crossing: "First step above a threshold",
};

/** What stands over the columns of a sorted grid. */
export const SORT_CAPTIONS: Readonly<Record<Exclude<HeadSort, "number">, string>> = {
  last: "largest to smallest at the last step",
  change: "largest to smallest lasting change",
  crossing: "first to last above the threshold",
};

export function sortedHeads(histories: Histories, layer: number, heads: number): number[] {
  return sortHeads(heads, (head) => rank(histories, layer, head));
}

function rank(histories: Histories, layer: number, head: number): number {
  switch (headSort.value) {
    case "last":
      return lastValue(histories, layer, head);
    case "change":
      return Math.abs(lastingChange(histories.series, layer, head, histories.metric)?.size ?? NaN);
    default:
      return -(firstCrossing(histories, layer, head, crossing.value) ?? NaN);
  }
}

/** At the last step that has one. */
export function lastValue(histories: Histories, layer: number, head: number): number {
  const { values } = histories.line(layer, head);
  return values.findLast((value) => !Number.isNaN(value)) ?? NaN;
}

/** The first step at which the value reaches a height of the scale, 0..1; null when it never does. */
export function firstCrossing(
  histories: Histories,
  layer: number,
  head: number,
  height: number,
): number | null {
  const at = histories.line(layer, head).values.findIndex((value) => value >= height);
  return at === -1 ? null : Math.floor(histories.steps[at]!);
}

/** Range of the values of a layer's heads, each over its steps: the largest, in parts of the scale; NaN without values. */
export function layerMotion({ series, metric, scale }: Histories, layer: number): number {
  let most = -Infinity;
  for (let head = 0; head < (series.layers[layer]?.heads ?? 0); head++) {
    let [low, high] = [Infinity, -Infinity];
    for (let step = 0; step < series.steps.length; step++) {
      const value = series.at(step, layer, head, metric);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    most = Math.max(most, high - low);
  }
  return most < 0 ? NaN : most / (scale.most - scale.least);
}

/** Heads of a layer that had values and then a step without one, each with the first such step: none is a zero. */
export function lostHeads(
  { series, metric }: Histories,
  layer: number,
): { readonly head: number; readonly step: number }[] {
  const heads = Array.from({ length: series.layers[layer]?.heads ?? 0 }, (_, head) => head);
  return heads.flatMap((head) => {
    const has = Array.from(
      series.steps,
      (_, at) => !Number.isNaN(series.at(at, layer, head, metric)),
    );
    const lost = has.indexOf(false, has.indexOf(true));
    return has.includes(true) && lost !== -1 ? [{ head, step: series.steps[lost]! }] : [];
  });
}
