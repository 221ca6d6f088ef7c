/** Room of the view and number of tokens → sizes of the matrix, its labels and the panel beside it; labels that fit. */

import type { Sheet } from "./viewport";

/** Beside the rows and over the columns. */
export const ROW_LABELS = 80;
export const COLUMN_LABELS = 72;
/** Line, scale and texts under the picture. */
const UNDER = 64;
const GAP = 48;
const PANEL = { wide: 416, narrow: 320, narrowBelow: 960, widest: 900 };
/** A text of one token is no wall of one colour. */
const LARGEST_CELL = 96;
/** Longer texts get fractions of a pixel a cell, shorter ones whole pixels. */
const WHOLE_PIXELS = 8;
/** A text this much longer than the other is squeezed by itself. */
const SQUARE_UP_TO = 4;
/** Names never stand closer than this. */
export const LABEL_PITCH = 15;

export interface MatrixLayout {
  readonly sheet: Sheet;
  readonly panel: number;
}

function fitted(room: number, count: number): number {
  const size = Math.min(LARGEST_CELL, room / count);
  return size >= WHOLE_PIXELS ? Math.floor(size) : size;
}

/** `width` and `height` are what the matrix with labels, legend and panel (0 where it has none) may take. */
export function matrixLayout(
  { width, height }: { width: number; height: number },
  rows: number,
  columns: number,
  hasPanel = true,
): MatrixLayout {
  const panel = !hasPanel ? 0 : width < PANEL.narrowBelow ? PANEL.narrow : PANEL.wide;
  const beside = hasPanel ? GAP + panel : 0;
  const across = fitted(Math.max(160, width - ROW_LABELS - beside), columns);
  const down = fitted(Math.max(160, height - COLUMN_LABELS - UNDER), rows);
  const isSquare = Math.max(rows, columns) <= SQUARE_UP_TO * Math.min(rows, columns);
  const both = Math.min(across, down);
  const left = width - ROW_LABELS - GAP - columns * (isSquare ? both : across);
  return {
    panel: hasPanel ? Math.max(panel, Math.min(PANEL.widest, Math.floor(left))) : 0,
    sheet: {
      rows,
      columns,
      cellWidth: isSquare ? both : across,
      cellHeight: isSquare ? both : down,
    },
  };
}

export interface LabelsInView {
  /** Place of the first pixel in cells, and pixels per cell. */
  readonly start: number;
  readonly pitch: number;
  /** Length of the picture in pixels. */
  readonly length: number;
  readonly count: number;
}

const rounds = [1, 2, 5];

/** A round number of tokens from one name to the next, so that names keep their distance. */
function stride(pitch: number): number {
  for (let power = 1; ; power *= 10)
    for (const round of rounds) if (round * power * pitch >= LABEL_PITCH) return round * power;
}

/** Tokens whose names fit; those to be named in any case push aside what stands too close. */
export function labelled(
  { start, pitch, length, count }: LabelsInView,
  always: readonly number[],
): number[] {
  const middle = (at: number): number => (at + 0.5 - start) * pitch;
  const inView = (at: number): boolean =>
    at < count && middle(at) >= Math.min(LABEL_PITCH, pitch) / 2 - 1 && middle(at) <= length + 1;
  const named = always.filter(inView);
  const every = stride(pitch);
  const labels = new Set(named);
  for (let at = Math.ceil(start / every) * every; at < count && middle(at) <= length; at += every) {
    const crowded = named.some((other) => Math.abs(other - at) * pitch < LABEL_PITCH);
    if (!crowded && inView(at)) labels.add(at);
  }
  return [...labels].sort((a, b) => a - b);
}
