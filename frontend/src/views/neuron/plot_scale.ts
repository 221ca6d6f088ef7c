/** Means by distance and the size of the plot → where they lie, in pixels, and what stands on the axes. */

import type { Curve } from "../../draw/curves";
import type { DistanceMeans } from "./distance_means";
import { formatPart } from "./texts";

export interface PlotScale {
  width: number;
  height: number;
  /** Mean at the upper edge; its negative lies at the lower one. */
  top: number;
}

export function plotScale({ means }: DistanceMeans, width: number, height: number): PlotScale {
  let top = 0;
  for (const mean of means) if (Math.abs(mean) > top) top = Math.abs(mean);
  return { width, height, top: top || 1 };
}

function placeOf(distances: readonly number[], distance: number): number {
  const [first = 0, last = 0] = [distances[0], distances.at(-1)];
  return last > first ? (distance - first) / (last - first) : 0.5;
}

/** One dimension's line. */
export function curveOf(
  { distances, means }: DistanceMeans,
  dimensions: number,
  dimension: number,
  { width, height, top }: PlotScale,
): Curve {
  const x = Float32Array.from(distances, (each) => placeOf(distances, each) * (width - 1));
  const y = Float32Array.from(distances, (_, at) => {
    const mean = means[at * dimensions + dimension]!;
    return (0.5 - (0.48 * mean) / top) * height;
  });
  return { x, y };
}

export interface Tick {
  text: string;
  /** Along the axis, 0 to 1. */
  place: number;
}

export function distanceTicks({ distances }: DistanceMeans): Tick[] {
  const [first = 0, last = 0] = [distances[0], distances.at(-1)];
  const between = (end: number): number => Math.trunc(end / 2);
  const wanted = [first, between(first), 0, between(last), last];
  const ticks = [...new Set(wanted)].filter((at) => at >= first && at <= last);
  return ticks
    .sort((a, b) => a - b)
    .map((at) => ({
      text: at === 0 ? "same token" : `${at < 0 ? "−" : "+"}${Math.abs(at)}`,
      place: placeOf(distances, at),
    }));
}

export function meanTicks({ top }: PlotScale): string[] {
  return [formatPart(top), "0", formatPart(-top)];
}
