/** A metric series and one of its metrics → what every head's sparkline needs, worked out once for each head. */
import type { MetricSeries } from "../decode";
import { MEAN } from "./grid";
import { lastingChange } from "./lasting_change";
import type { Sparkline } from "./sparkline";

export interface Scale {
  readonly least: number;
  readonly most: number;
}

export class Histories {
  readonly scale: Scale;
  /** Place of each step, damaged ones included, across a sparkline: 0..1. */
  readonly places: Float32Array;
  /** Index of each of those steps in the series, -1 for a step that could not be read. */
  readonly #rows: Int32Array;
  readonly #steps: Float64Array;
  readonly #lines = new Map<number, Sparkline>();

  constructor(
    readonly series: MetricSeries,
    readonly metric: number,
  ) {
    this.scale = metricScale(series, metric);
    this.#steps = Float64Array.from(new Set([...series.steps, ...series.damaged])).sort();
    this.places = Float32Array.from(this.#steps, (step) => this.place(step));
    this.#rows = Int32Array.from(this.#steps, (step) => series.steps.indexOf(step));
  }

  /** The sparkline of a head, or of the mean over a layer's heads. */
  line(layer: number, head: number): Sparkline {
    const key = layer * 65536 + head + 1;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const values = this.#values(layer, head);
    const line = { places: this.places, values, boldFrom: lastingChange(values) };
    this.#lines.set(key, line);
    return line;
  }

  /** Where a step lies between the first and the last logged one, 0..1. */
  place(step: number): number {
    const first = this.#steps[0] ?? 0;
    const last = this.#steps[this.#steps.length - 1] ?? 0;
    return last > first ? (step - first) / (last - first) : 0.5;
  }

  #values(layer: number, head: number): Float32Array {
    const { least, most } = this.scale;
    const { series, metric } = this;
    return Float32Array.from(this.#rows, (step) => {
      if (step === -1) return NaN;
      const value =
        head === MEAN
          ? headMean(series, step, layer, metric)
          : series.at(step, layer, head, metric);
      return (value - least) / (most - least);
    });
  }
}

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

/** One scale for all heads and steps: 0 to 1 where the metric stays there, else from 0 to a round number. */
export function metricScale(series: MetricSeries, metric: number): Scale {
  let least = 0;
  let most = 1;
  const stride = series.names.length;
  for (let at = metric; at < series.values.length; at += stride) {
    const value = series.values[at]!;
    if (value < least) least = value;
    if (value > most && Number.isFinite(value)) most = value;
  }
  return { least: 0 - roundUp(-least), most: most <= 1.0001 ? 1 : roundUp(most) };
}

function roundUp(value: number): number {
  if (value <= 0) return 0;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * size).find((round) => round >= value) ?? value;
}
