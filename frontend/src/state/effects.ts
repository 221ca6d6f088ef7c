/** The series' effects and the record's objective → what each head changes at the shown step, and the heads by it. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries } from "../decoding/decode";
import { knownHeader } from "./loaded";
import { definedMetrics, metrics, shownMetric } from "./shown_metric";
import { step } from "./selection";

/** Metrics of what a head changes. */
export const EFFECTS: readonly string[] = ["effect", "ablation"];

export interface HeadEffect {
  readonly layer: number;
  readonly head: number;
  readonly value: number;
  /** Of the head's own history; NaN where it is not known. */
  readonly noise: number;
}

export interface ShownEffects {
  readonly name: string;
  /** Row of the series: the last one with effects, up to the selected step. */
  readonly row: number;
  readonly step: number;
  readonly metric: number;
  readonly series: MetricSeries;
  /** The largest first. */
  readonly heads: readonly HeadEffect[];
  readonly largest: number;
}

/** What the effects are on; "loss" is the model's own. */
export const objective: ReadonlySignal<string> = computed(
  () => knownHeader.value?.objective?.name ?? "objective",
);

function headsAt(series: MetricSeries, row: number, metric: number): HeadEffect[] {
  const [, , width = 0, metrics = 0] = series.shape;
  return series.layers.flatMap(({ heads }, layer) =>
    Array.from({ length: heads }, (_, head): HeadEffect => {
      const at = (layer * width + head) * metrics + metric;
      const noise = series.evolution?.noise[at] ?? NaN;
      return { layer, head, value: series.at(row, layer, head, metric), noise };
    }).filter(({ value }) => Number.isFinite(value)),
  );
}

/** null: none were logged up to the selected step. */
export const shownEffects: ReadonlySignal<ShownEffects | null> = computed(() => {
  const series = metrics.value;
  const names = EFFECTS.filter((each) => definedMetrics.value.includes(each));
  const name = names.includes(shownMetric.value ?? "") ? shownMetric.value! : names[0];
  if (series === null || name === undefined || step.value === null) return null;
  const metric = series.names.indexOf(name);
  for (let row = series.steps.length - 1; row >= 0; row--) {
    if (series.steps[row]! > step.value || !series.isStep(row)) continue;
    const heads = headsAt(series, row, metric);
    if (heads.length === 0) continue;
    heads.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    const largest = Math.abs(heads[0]!.value);
    return { name, row, step: series.steps[row]!, metric, series, heads, largest };
  }
  return null;
});

export function effectOf(layer: number, head: number): HeadEffect | null {
  const heads = shownEffects.value?.heads ?? [];
  return heads.find((each) => each.layer === layer && each.head === head) ?? null;
}
