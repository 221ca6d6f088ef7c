/** Rows of head metrics over the steps, perhaps thinned → numbers by row, and which rows are steps. */

import type { EvolutionFacts } from "./evolution_facts";
import type { ProbeHashes } from "./same_input";

/** What a series is besides its numbers. */
export interface SeriesState {
  /** Of each row: 0 a step as it is, else the least, the most or a gap of many steps; null: all are steps. */
  readonly parts: Uint8Array | null;
  /** Steps that the server has not read yet. */
  readonly pending: number;
  /** Of the last step; null: not told. */
  readonly probe: ProbeHashes | null;
}

const whole: SeriesState = { parts: null, pending: 0, probe: null };

/** Head metrics over steps, values [step, layer, head, metric], NaN where undefined. */
export class MetricSeries {
  constructor(
    readonly names: readonly string[],
    readonly layers: readonly { name: string; kind: string; stack: string; heads: number }[],
    readonly damaged: readonly number[],
    /** Of rows that are no step a place between two steps. */
    readonly steps: Float64Array,
    readonly wallTimes: Float64Array,
    readonly values: Float32Array,
    readonly shape: readonly number[],
    /** null: not asked for. */
    readonly evolution: EvolutionFacts | null = null,
    readonly state: SeriesState = whole,
  ) {}

  with(evolution: EvolutionFacts): MetricSeries {
    const { names, layers, damaged, steps, wallTimes, values, shape, state } = this;
    return new MetricSeries(
      names,
      layers,
      damaged,
      steps,
      wallTimes,
      values,
      shape,
      evolution,
      state,
    );
  }

  get pending(): number {
    return this.state.pending;
  }

  /** Some rows stand for many steps. */
  get isThinned(): boolean {
    return this.state.parts?.some((part) => part !== 0) ?? false;
  }

  isStep(row: number): boolean {
    return (this.state.parts?.[row] ?? 0) === 0;
  }

  /** Steps whose own numbers are here. */
  get exactSteps(): Float64Array {
    return this.isThinned ? this.steps.filter((_, row) => this.isStep(row)) : this.steps;
  }

  at(step: number, layer: number, head: number, metric: number): number {
    const { shape } = this;
    const row = (step * shape[1]! + layer) * shape[2]! + head;
    return this.values[row * shape[3]! + metric] ?? NaN;
  }

  /** With the rows of another series for steps that have none here; itself where there are none. */
  withSteps(other: MetricSeries): MetricSeries {
    const known = new Set(this.steps);
    const added = rowsOf(other.withShapeOf(this)).filter(({ step }) => !known.has(step));
    if (added.length === 0) return this;
    return this.ofRows([...rowsOf(this), ...added], { pending: this.pending });
  }

  /** Its numbers under the layers, heads and metrics of another series. */
  private withShapeOf({ names, layers, shape }: MetricSeries): MetricSeries {
    const { damaged, steps, wallTimes } = this;
    const [, depth = 0, heads = 0, metrics = 0] = shape;
    const values = new Float32Array(steps.length * depth * heads * metrics).fill(NaN);
    const places = names.map((name) => this.names.indexOf(name));
    let at = 0;
    for (let row = 0; row < steps.length; row++)
      for (let layer = 0; layer < depth; layer++)
        for (let head = 0; head < heads; head++)
          for (const place of places) {
            const isHere = place !== -1 && layer < this.shape[1]! && head < this.shape[2]!;
            values[at++] = isHere ? this.at(row, layer, head, place) : NaN;
          }
    const own = [steps.length, depth, heads, metrics];
    return new MetricSeries(names, layers, damaged, steps, wallTimes, values, own);
  }

  /** The same series with other rows. */
  ofRows(
    rows: readonly Row[],
    { pending, damaged = this.damaged }: { pending: number; damaged?: readonly number[] },
  ): MetricSeries {
    const { names, layers, evolution } = this;
    const sorted = rows.toSorted((a, b) => a.step - b.step);
    const size = this.shape.slice(1).reduce((product, side) => product * side, 1);
    const values = new Float32Array(sorted.length * size);
    for (const [at, { of, row }] of sorted.entries())
      values.set(of.values.subarray(row * size, (row + 1) * size), at * size);
    const parts = Uint8Array.from(sorted, ({ of, row }) => of.state.parts?.[row] ?? 0);
    return new MetricSeries(
      names,
      layers,
      damaged,
      Float64Array.from(sorted, ({ step }) => step),
      Float64Array.from(sorted, ({ of, row }) => of.wallTimes[row]!),
      values,
      [sorted.length, ...this.shape.slice(1)],
      evolution,
      { parts, pending, probe: this.state.probe },
    );
  }
}

/** One row of some series. */
export interface Row {
  readonly of: MetricSeries;
  readonly row: number;
  readonly step: number;
}

export function rowsOf(of: MetricSeries): Row[] {
  return Array.from(of.steps, (step, row) => ({ of, row, step }));
}
