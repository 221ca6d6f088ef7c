/** The loaded series and the chosen metric → which metric is shown, and its value at the selected step. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries } from "../decoding/decode";
import { metricsOfLayer } from "../decoding/defined_metrics";
import { cellMetric } from "./display";
import { hoverStep } from "./evolution_settings";
import { shown } from "./load";
import { series } from "./loaded";
import { quantity } from "./quantity";
import { step } from "./selection";

export const metrics: ReadonlySignal<MetricSeries | null> = computed(
  () => shown(series.value) ?? null,
);

const everyMetric: ReadonlySignal<readonly string[]> = computed(() => {
  const of = metrics.value;
  if (of === null) return [];
  const defined = new Set(of.layers.flatMap((_, layer) => metricsOfLayer(of, layer)));
  return of.names.filter((_, metric) => defined.has(metric));
});

const TWIN = "contribution_";

/** Some metric was measured over contributions too. */
export const hasTwins: ReadonlySignal<boolean> = computed(() =>
  everyMetric.value.some((name) => name.startsWith(TWIN)),
);

/** A metric over weights and its twin over contributions → the one that goes with what is shown. */
export function presentMetric(name: string): string {
  const plain = name.startsWith(TWIN) ? name.slice(TWIN.length) : name;
  const wanted = quantity.value === "contribution" ? TWIN + plain : plain;
  return everyMetric.value.includes(wanted) ? wanted : name;
}

/** Metrics that some head of this probe has; of twins the one that goes with what is shown. */
export const definedMetrics: ReadonlySignal<readonly string[]> = computed(() => [
  ...new Set(everyMetric.value.map(presentMetric)),
]);

/** Names of the token pairs that were tracked when logging. */
export const tracked: ReadonlySignal<ReadonlySet<string>> = computed(
  () => new Set(metrics.value?.evolution?.track.map(({ name }) => name) ?? []),
);

/** The metric of each head's history: the chosen one, a tracked token pair, or the first one of this probe. */
export const shownMetric: ReadonlySignal<string | null> = computed(() => {
  const names = definedMetrics.value;
  const chosen = presentMetric(cellMetric.value);
  if (names.includes(chosen)) return chosen;
  return names.find((name) => tracked.value.has(name)) ?? names[0] ?? null;
});

/** Index of the selected step in the series; -1 when it has no metrics. */
export const metricStep: ReadonlySignal<number> = computed(() =>
  step.value === null ? -1 : (metrics.value?.steps.indexOf(step.value) ?? -1),
);

export function metricAt(layer: number, head: number, metric: number, at: number): number {
  return at < 0 ? NaN : (metrics.value?.at(at, layer, head, metric) ?? NaN);
}

/** The step whose numbers are shown: the pointed one, else the slider's. */
export const readStep: ReadonlySignal<number | null> = computed(
  () => hoverStep.value ?? step.value,
);
