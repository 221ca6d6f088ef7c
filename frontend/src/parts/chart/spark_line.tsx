/**
 * A line over the steps → a small drawing of it, the mark of the present step and, if there is one, a threshold. It is no
 * canvas: each of those is a layer of its own, and a table of them slows every movement of the pointer down.
 */

import { useMemo } from "preact/hooks";

import { runColour, type Theme } from "../../draw/colour";
import { heightOf, type Sparkline } from "../../draw/sparkline";

export interface SparkLineProps {
  readonly line: Sparkline;
  /** Of the present step, 0..1. */
  readonly place: number;
  /** Height 0..1 of a dotted line. */
  readonly threshold?: number;
  readonly theme: Theme;
  /** Whose line it is, for its colour. */
  readonly run?: number;
}

const WIDTH = 72;
const LINE_HEIGHT = 16;
const MARK = { width: 2, height: 4 } as const;

const box = { height: LINE_HEIGHT };
const short = (place: number): string => String(Math.round(10 * place) / 10);

/** From value to value, begun anew after a missing one; a value without neighbours is a point. */
export function sparkPath({ places, values }: Sparkline): string {
  let path = "";
  for (let at = 0; at < values.length; at++) {
    if (Number.isNaN(values[at]!)) continue;
    const isFirst = at === 0 || Number.isNaN(values[at - 1]!);
    const isAlone = isFirst && !(at + 1 < values.length && !Number.isNaN(values[at + 1]!));
    const x = short(places[at]! * (WIDTH - 1) + 0.5);
    path += `${isFirst ? "M" : "L"}${x} ${short(heightOf(values[at]!, box) + 0.5)}`;
    if (isAlone) path += "h0";
  }
  return path;
}

export function SparkLine({ line, place, threshold, theme, run = 0 }: SparkLineProps) {
  const path = useMemo(() => sparkPath(line), [line]);
  const middle = place * (WIDTH - 1) + 0.5;
  const mark = Math.round(Math.min(WIDTH - MARK.width, Math.max(0, middle - MARK.width / 2)));
  const height = LINE_HEIGHT + MARK.height;
  return (
    <svg
      class="table-sparkline"
      width={WIDTH}
      height={height}
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="spark-base" d={`M0 ${LINE_HEIGHT - 0.5}H${WIDTH}`} />
      {threshold !== undefined && (
        <path
          class="spark-threshold"
          d={`M0 ${Math.round(heightOf(threshold, box)) + 0.5}H${WIDTH}`}
        />
      )}
      <path d={path} stroke={runColour(run, theme)} />
      <rect class="spark-mark" x={mark} y={LINE_HEIGHT} width={MARK.width} height={MARK.height} />
    </svg>
  );
}
