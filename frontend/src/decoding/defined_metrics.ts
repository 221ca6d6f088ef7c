/** A metric series → which metrics a layer has, and their means over its heads. */

import type { MetricSeries } from "./decode";

const definedMetrics = new WeakMap<MetricSeries, Map<number, number[]>>();

/** Metrics that are defined for some head of a layer at some step. */
export function metricsOfLayer(series: MetricSeries, layer: number): number[] {
  const known = definedMetrics.get(series) ?? new Map<number, number[]>();
  definedMetrics.set(series, known);
  const found =
    known.get(layer) ??
    series.names.flatMap((_, metric) => (isDefined(series, layer, metric) ? [metric] : []));
  known.set(layer, found);
  return found;
}

function isDefined(series: MetricSeries, layer: number, metric: number): boolean {
  for (let step = 0; step < series.steps.length; step++) {
    for (let head = 0; head < (series.layers[layer]?.heads ?? 0); head++) {
      if (!Number.isNaN(series.at(step, layer, head, metric))) return true;
    }
  }
  return false;
}

/** Mean over the heads that have a value; NaN when none has. */
export function headMean(
  series: MetricSeries,
  step: number,
  layer: number,
  metric: number,
): number {
  let sum = 0;
  let count = 0;
  for (let head = 0; head < (series.layers[layer]?.heads ?? 0); head++) {
    const value = series.at(step, layer, head, metric);
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return count === 0 ? NaN : sum / count;
}
