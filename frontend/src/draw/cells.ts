/** A row of signed numbers → a strip of coloured cells, or one bar; pixels of a raster. */

import { type Box, fillBox, type Raster } from "./raster";

/** Which numbers fall on each pixel column: `order[starts[x]]` up to the next, at least one. */
export interface CellColumns {
  order: readonly number[];
  starts: Uint16Array;
  ends: Uint16Array;
}

export function cellColumns(order: readonly number[], width: number): CellColumns {
  const count = order.length;
  const starts = Uint16Array.from({ length: width }, (_, x) => Math.floor((x * count) / width));
  const ends = starts.map((start, x) => Math.max(start + 1, Math.floor(((x + 1) * count) / width)));
  return { order, starts, ends };
}

/** Of the numbers under one pixel the one farthest from zero, so that none vanishes; NaN if there is one. */
function strongest(values: Float32Array, from: number, columns: CellColumns, x: number): number {
  let best = values[from + columns.order[columns.starts[x]!]!]!;
  for (let place = columns.starts[x]! + 1; place < columns.ends[x]!; place++) {
    const value = values[from + columns.order[place]!]!;
    if (!(Math.abs(value) <= Math.abs(best))) best = value;
  }
  return best;
}

export interface CellRow {
  values: Float32Array;
  /** Where the row starts in `values`. */
  from: number;
  /** Takes the full colour. */
  largest: number;
}

/** `table`: pixel by 255 + signed code, see `divergingTable`. Cells of NaN stay as they are. */
export function paintCells(
  raster: Raster,
  box: Box,
  { values, from, largest }: CellRow,
  columns: CellColumns,
  table: Uint32Array,
): void {
  const top = Math.max(0, box.y);
  const bottom = Math.min(raster.height, box.y + box.height);
  if (top >= bottom) return;
  const factor = largest > 0 ? 255 / largest : 0;
  const first = top * raster.width + box.x;
  for (let x = 0; x < box.width; x++) {
    const value = strongest(values, from, columns, x);
    if (Number.isNaN(value)) continue;
    const code = Math.round(Math.min(255, Math.max(-255, value * factor)));
    raster.pixels[first + x] = table[255 + code]!;
  }
  const row = raster.pixels.slice(first, first + box.width);
  for (let y = top + 1; y < bottom; y++) raster.pixels.set(row, y * raster.width + box.x);
}

/** From a zero line to `share` (−1 to 1) of the box's width on either side of it; at least one pixel wide. */
export function paintBar(
  raster: Raster,
  box: Box,
  zero: number,
  share: number,
  colour: number,
): void {
  if (Number.isNaN(share)) return;
  const room = share < 0 ? zero - box.x : box.x + box.width - zero;
  const width = Math.max(1, Math.round(Math.min(1, Math.abs(share)) * room));
  fillBox(raster, { ...box, x: share < 0 ? zero - width : zero, width }, colour);
}
