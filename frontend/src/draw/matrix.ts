/** Max pyramid and the part of it that is in view → pixels; every pixel has the largest code of all cells it touches. */

import type { Level, Pyramid } from "./pyramid";
import type { Raster } from "./raster";

/** Which cells lie along a side of the picture. */
export interface Stretch {
  /** Place of the first pixel's edge, in cells. */
  readonly start: number;
  readonly cellsPerPixel: number;
}

/** For each pixel the cells [from, to) of a level that it touches; empty outside the matrix. */
interface Spans {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

function spansOf(stretch: Stretch, pixels: number, count: number, level: number): Spans {
  const from = new Int32Array(pixels);
  const to = new Int32Array(pixels);
  const { start, cellsPerPixel } = stretch;
  const size = 2 ** level;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const middle = (start + (pixel + 0.5) * cellsPerPixel) / size;
    const shrinks = cellsPerPixel > 1;
    const first = shrinks ? Math.floor((start + pixel * cellsPerPixel) / size) : Math.floor(middle);
    const end = shrinks ? Math.ceil((start + (pixel + 1) * cellsPerPixel) / size) : first + 1;
    from[pixel] = Math.max(0, first);
    to[pixel] = Math.min(count, Math.max(first + 1, end));
  }
  return { from, to };
}

/** The level at which a pixel is one to two cells wide along its narrower side. */
function levelFor(pyramid: Pyramid, across: Stretch, down: Stretch): number {
  const cells = Math.min(across.cellsPerPixel, down.cellsPerPixel);
  return Math.min(pyramid.length - 1, Math.max(0, Math.floor(Math.log2(cells))));
}

/** The largest code of each column over the rows [from, to). */
function gather(level: Level, from: number, to: number, columns: Spans, line: Uint8Array): void {
  const left = columns.from[0]!;
  const right = columns.to[columns.to.length - 1]!;
  const start = from * level.columns;
  for (let column = left; column < right; column++) line[column] = level.codes[start + column]!;
  for (let row = from + 1; row < to; row++) {
    const at = row * level.columns;
    for (let column = left; column < right; column++) {
      const code = level.codes[at + column]!;
      if (code > line[column]!) line[column] = code;
    }
  }
}

function drawLine(
  pixels: Uint32Array,
  start: number,
  line: Uint8Array,
  columns: Spans,
  colours: Uint32Array,
): void {
  const { from, to } = columns;
  for (let x = 0; x < from.length; x++) {
    let column = from[x]!;
    const end = to[x]!;
    if (column >= end) continue;
    let code = line[column]!;
    while (++column < end) if (line[column]! > code) code = line[column]!;
    pixels[start + x] = colours[code]!;
  }
}

/** Pixels outside the matrix stay as they are. */
export function drawMatrix(
  raster: Raster,
  pyramid: Pyramid,
  across: Stretch,
  down: Stretch,
  colours: Uint32Array,
): void {
  const at = levelFor(pyramid, across, down);
  const level = pyramid[at]!;
  const columns = spansOf(across, raster.width, level.columns, at);
  const rows = spansOf(down, raster.height, level.rows, at);
  const line = new Uint8Array(level.columns);
  const { pixels, width } = raster;
  for (let y = 0; y < raster.height; y++) {
    const from = rows.from[y]!;
    const to = rows.to[y]!;
    if (from >= to) continue;
    if (y > 0 && rows.from[y - 1] === from && rows.to[y - 1] === to) {
      pixels.copyWithin(y * width, (y - 1) * width, y * width);
      continue;
    }
    gather(level, from, to, columns, line);
    drawLine(pixels, y * width, line, columns, colours);
  }
}
