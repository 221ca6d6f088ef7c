/** A metric series and one of its metrics → what every head's sparkline needs, worked out once for each head. */
import type { MetricSeries } from "../decoding/decode";
import { headMean } from "../decoding/defined_metrics";
import { isMarked, lastingChange, type LastingChange } from "../decoding/marked_heads";
import { MEAN } from "./grid";
import { roundUp } from "./round_up";
import type { Sparkline } from "./sparkline";
import { axisOver, placeOf, type StepAxis } from "./step_axis";

export interface Scale {
  readonly least: number;
  readonly most: number;
}

/** What several runs share so that their histories lie over one another. */
export interface HistoryFrame {
  readonly scale: Scale;
  readonly axis: StepAxis;
  /** Smallest lasting change that is marked, in parts of the metric's own scale. */
  readonly smallest: number;
}

const SMALLEST_CHANGE = 0.15;

export class Histories {
  readonly scale: Scale;
  readonly axis: StepAxis;
  readonly smallest: number;
  /** Each step within the axis, damaged ones included, rising. */
  readonly steps: Float64Array;
  /** Place of each step across a sparkline: 0..1. */
  readonly places: Float32Array;
  /** Index of each of those steps in the series, -1 for a step that could not be read. */
  readonly #rows: Int32Array;
  readonly #rowOfStep: ReadonlyMap<number, number>;
  readonly #lines = new Map<number, Sparkline>();

  constructor(
    readonly series: MetricSeries,
    readonly metric: number,
    frame: Partial<HistoryFrame> = {},
  ) {
    this.scale = frame.scale ?? metricScale(series, metric);
    const logged = Float64Array.from(new Set([...series.steps, ...series.damaged])).sort();
    this.axis = frame.axis ?? axisOver([logged], false);
    const { first, last } = this.axis;
    this.steps = logged.filter((step) => step >= first && step <= last);
    this.smallest = frame.smallest ?? SMALLEST_CHANGE;
    this.places = Float32Array.from(this.steps, (step) => this.place(step));
    this.#rowOfStep = new Map([...series.steps].map((step, row) => [step, row]));
    this.#rows = Int32Array.from(this.steps, (step) => this.#rowOfStep.get(step) ?? -1);
  }

  /** The sparkline of a head, or of the mean over a layer's heads. */
  line(layer: number, head: number): Sparkline {
    const key = layer * 65536 + head + 1;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const values = this.#values(layer, head);
    const line = { places: this.places, values, boldFrom: this.#boldFrom(layer, head) };
    this.#lines.set(key, line);
    return line;
  }

  /** The marked lasting change of a head; the mean of a layer has none. */
  change(layer: number, head: number): LastingChange | null {
    if (head === MEAN) return null;
    const found = lastingChange(this.series, layer, head, this.metric);
    return found !== null && isMarked(this.series, found, this.smallest) ? found : null;
  }

  /** Where a step lies between the first and the last logged one, 0..1. */
  place(step: number): number {
    return placeOf(this.axis, step);
  }

  /** Height of a value in a sparkline, 0..1 within the scale. */
  height(value: number): number {
    return (value - this.scale.least) / (this.scale.most - this.scale.least);
  }

  /** Value at a step; NaN where it was not logged or cannot be read. */
  at(step: number, layer: number, head: number): number {
    const row = this.#rowOfStep.get(step);
    return row === undefined ? NaN : this.#value(row, layer, head);
  }

  #boldFrom(layer: number, head: number): number {
    const change = this.change(layer, head);
    return change === null ? -1 : this.steps.findIndex((step) => step >= change.step);
  }

  #value(row: number, layer: number, head: number): number {
    // Another run may have fewer layers and heads.
    if (!(head < (this.series.layers[layer]?.heads ?? MEAN))) return NaN;
    return head === MEAN
      ? headMean(this.series, row, layer, this.metric)
      : this.series.at(row, layer, head, this.metric);
  }

  #values(layer: number, head: number): Float32Array {
    const heights = new Float32Array(this.#rows.length);
    for (let at = 0; at < heights.length; at++) {
      const row = this.#rows[at]!;
      heights[at] = row === -1 ? NaN : this.height(this.#value(row, layer, head));
    }
    return heights;
  }
}

/** The smallest scale that holds all of them. */
export function jointScale(scales: readonly Scale[]): Scale {
  return {
    least: Math.min(0, ...scales.map(({ least }) => least)),
    most: Math.max(...scales.map(({ most }) => most)),
  };
}

const scalesOfSeries = new WeakMap<MetricSeries, Map<number, Scale>>();

/** One scale for all heads and steps: 0 to 1 where the metric stays there, else from 0 to a round number. */
export function metricScale(series: MetricSeries, metric: number): Scale {
  const known = scalesOfSeries.get(series) ?? new Map<number, Scale>();
  scalesOfSeries.set(series, known);
  const found = known.get(metric) ?? findScale(series, metric);
  known.set(metric, found);
  return found;
}

function findScale(series: MetricSeries, metric: number): Scale {
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
