/** Histories of a group of runs → of each head the median, the lowest and the highest over the steps. */

import type { Histories } from "./histories";
import type { Sparkline } from "./sparkline";

export interface GroupLines {
  readonly median: Sparkline;
  readonly low: Sparkline;
  readonly high: Sparkline;
}

/** More groups are drawn without their bands. */
export const MOST_BANDS = 3;

/** Values of a line at other places, straight between its own; NaN beside a gap and beyond its ends. */
export function valuesAt({ places, values }: Sparkline, wanted: Float32Array): Float32Array {
  const found = new Float32Array(wanted.length).fill(NaN);
  let next = 0;
  wanted.forEach((place, at) => {
    while (next < places.length && places[next]! < place) next++;
    if (next === places.length) return;
    const after = values[next]!;
    if (places[next] === place) found[at] = after;
    else if (next > 0) {
      const [start, before] = [places[next - 1]!, values[next - 1]!];
      found[at] = before + ((place - start) / (places[next]! - start)) * (after - before);
    }
  });
  return found;
}

/** Of rising values. */
export function middleOf(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half]!;
  return (sorted[half - 1]! + sorted[half]!) / 2;
}

export class GroupHistories {
  /** Those of all its runs, rising. */
  readonly #places: Float32Array;
  readonly #known = new Map<number, GroupLines>();

  constructor(
    readonly runs: readonly Histories[],
    /** Of its colour, among those of runs. */
    readonly run: number,
  ) {
    this.#places = Float32Array.from(
      new Set(runs.flatMap(({ places }) => Array.from(places))),
    ).sort();
  }

  /** At each place of those runs that have a value there. */
  lines(layer: number, head: number): GroupLines {
    const key = layer * 65536 + head + 1;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const places = this.#places;
    const runs = this.runs.map((run) => valuesAt(run.line(layer, head), places));
    const line = (): Sparkline => {
      return { places, values: new Float32Array(places.length).fill(NaN), boldFrom: 0 };
    };
    const lines = { median: line(), low: line(), high: line() };
    places.forEach((_, at) => {
      const there = Float64Array.from(runs, (values) => values[at]!);
      const sorted = there.filter((value) => !Number.isNaN(value)).sort();
      if (sorted.length === 0) return;
      lines.median.values[at] = middleOf(sorted);
      lines.low.values[at] = sorted[0]!;
      lines.high.values[at] = sorted.at(-1)!;
    });
    this.#known.set(key, lines);
    return lines;
  }
}
