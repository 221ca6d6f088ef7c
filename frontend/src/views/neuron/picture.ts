/** What is known of a query, and the rows in view → pixels of the columns from query to softmax. */

import type { HeadVectors } from "../../decoding/decode";
import { cellColumns, type CellRow, paintBar, paintCells } from "../../draw/cells";
import {
  backgroundColour,
  divergingTable,
  pixelOf,
  themePixel,
  sequentialTable,
  type Theme,
} from "../../draw/colour";
import { type Box, fadeTable, fillBox, type Raster } from "../../draw/raster";
import type { Axis, LayerAxes } from "../../parts/token_lines/axis";
import type { ColumnsLayout, Span } from "./columns_layout";
import type { Order } from "./dimension_order";
import type { QueryNumbers } from "./query_numbers";

export interface Picture {
  layout: ColumnsLayout;
  /** Its keys are marked where the query does not see them. */
  axes: LayerAxes;
  vectors: HeadVectors;
  largestQuery: number;
  largestKey: number;
  numbers: QueryNumbers;
  order: Order;
  theme: Theme;
  rowHeight: number;
  scrollTop: number;
  /** Device pixels per CSS pixel. */
  scale: number;
}

/** Room above and below the cells of a row. */
const PADDING = 3;
const BAR_PADDING = 6;
/** Strength of the queries that are not chosen. */
const FAINT = 0.3;
/** Places in the colour tables of the bars. */
const STRONG = 225;
const WEIGHT = 183;

type RowBox = (row: number, span: Span, padding: number) => Box;

/** Every edge is rounded by itself, so that columns and rows neither gape nor overlap. */
function boxesOf({ rowHeight, scrollTop, scale }: Picture): RowBox {
  return (row, { x, width }, padding) => {
    const left = Math.round(x * scale);
    const top = Math.round((row * rowHeight + padding - scrollTop) * scale);
    const bottom = Math.round(((row + 1) * rowHeight - padding - scrollTop) * scale);
    const right = Math.round((x + width) * scale);
    return { x: left, y: top, width: right - left, height: bottom - top };
  };
}

/** Rows in view that have something to draw. */
function rowsOf(axis: Axis, raster: Raster, picture: Picture): number[] {
  const { rowHeight, scrollTop, scale } = picture;
  const first = Math.max(0, Math.floor(scrollTop / rowHeight));
  const end = Math.ceil((scrollTop + raster.height / scale) / rowHeight);
  return axis.rows.slice(first, end).flatMap(({ off }, i) => (off ? [] : first + i));
}

function paintQueries(raster: Raster, picture: Picture, box: RowBox): void {
  const { layout, axes, vectors, numbers, order, theme } = picture;
  const full = divergingTable(theme);
  const faint = fadeTable(full, pixelOf(backgroundColour(theme)), FAINT);
  const columns = cellColumns(order, box(0, layout.query, 0).width);
  for (const row of rowsOf(axes.query, raster, picture)) {
    const { token } = axes.query.rows[row]!;
    const from = token * vectors.dimensions;
    const cells = { values: vectors.query, from, largest: picture.largestQuery };
    const table = token === numbers.query ? full : faint;
    paintCells(raster, box(row, layout.query, PADDING), cells, columns, table);
  }
}

function paintKeys(raster: Raster, picture: Picture, box: RowBox): void {
  const { layout, axes, vectors, numbers, order, theme, largestKey } = picture;
  const table = divergingTable(theme);
  const columns = cellColumns(order, box(0, layout.key, 0).width);
  const products = cellColumns(order, box(0, layout.product, 0).width);
  for (const row of rowsOf(axes.key, raster, picture)) {
    const from = axes.key.rows[row]!.token * vectors.dimensions;
    const key: CellRow = { values: vectors.key, from, largest: largestKey };
    const product = { values: numbers.products, from, largest: numbers.largestProduct };
    paintCells(raster, box(row, layout.key, PADDING), key, columns, table);
    paintCells(raster, box(row, layout.product, PADDING), product, products, table);
  }
}

function paintBars(raster: Raster, picture: Picture, box: RowBox): void {
  const { layout, axes, numbers, theme } = picture;
  const table = divergingTable(theme);
  const weight = sequentialTable(theme)[WEIGHT]!;
  const column = box(0, layout.sum, 0);
  const zero = column.x + Math.floor(column.width / 2);
  const hair = Math.max(1, Math.round(picture.scale));
  const line = { x: zero, y: 0, width: hair, height: raster.height };
  fillBox(raster, line, themePixel("border", theme));
  for (const row of rowsOf(axes.key, raster, picture)) {
    const { token } = axes.key.rows[row]!;
    const sum = numbers.sums[token]! / (numbers.largestSum || 1);
    const colour = table[255 + Math.sign(sum || 0) * STRONG]!;
    paintBar(raster, box(row, layout.sum, BAR_PADDING), zero, sum, colour);
    const bar = box(row, layout.softmax, BAR_PADDING);
    paintBar(raster, bar, bar.x, numbers.stored[token]!, weight);
  }
}

/** Onto a raster that is as large as the view of the columns, transparent before. */
export function paintPicture(raster: Raster, picture: Picture): void {
  const box = boxesOf(picture);
  paintQueries(raster, picture, box);
  paintKeys(raster, picture, box);
  paintBars(raster, picture, box);
}
