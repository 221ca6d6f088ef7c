/** Zoom and place over a matrix ⇄ cells and pixels; pure. */

import type { Stretch } from "../../draw/matrix";

/** Cells in all, their size in CSS pixels when the whole matrix is shown, and the picture they then fill. */
export interface Sheet {
  readonly rows: number;
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

/** How much larger than fitted, and the place of the picture's corner in cells. */
export interface Viewport {
  readonly zoom: number;
  readonly row: number;
  readonly column: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

export interface CellBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Cells grow up to this size, or to twice the fitted one. */
const LARGEST_CELL = 48;

export const whole: Viewport = { zoom: 1, row: 0, column: 0 };

export function pictureWidth({ columns, cellWidth }: Sheet): number {
  return columns * cellWidth;
}

export function pictureHeight({ rows, cellHeight }: Sheet): number {
  return rows * cellHeight;
}

export function largestZoom({ cellWidth, cellHeight }: Sheet): number {
  return Math.max(2, LARGEST_CELL / Math.min(cellWidth, cellHeight));
}

const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), Math.max(least, most));

/** Nothing beside the matrix comes into view. */
export function settled(view: Viewport, sheet: Sheet): Viewport {
  const zoom = clamp(view.zoom, 1, largestZoom(sheet));
  return {
    zoom,
    row: clamp(view.row, 0, sheet.rows * (1 - 1 / zoom)),
    column: clamp(view.column, 0, sheet.columns * (1 - 1 / zoom)),
  };
}

/** Place in cells, with fractions. */
export function placeAt(view: Viewport, sheet: Sheet, { x, y }: Point): Cell {
  return {
    row: view.row + y / (sheet.cellHeight * view.zoom),
    column: view.column + x / (sheet.cellWidth * view.zoom),
  };
}

/** The cell under a point of the picture; null beside the matrix. */
export function cellAt(view: Viewport, sheet: Sheet, point: Point): Cell | null {
  const place = placeAt(view, sheet, point);
  const cell = { row: Math.floor(place.row), column: Math.floor(place.column) };
  const inside =
    cell.row >= 0 && cell.row < sheet.rows && cell.column >= 0 && cell.column < sheet.columns;
  return inside ? cell : null;
}

/** The cell of the matrix nearest to a point in or beside the picture. */
export function nearestCell(view: Viewport, sheet: Sheet, point: Point): Cell {
  const place = placeAt(view, sheet, {
    x: clamp(point.x, 0, pictureWidth(sheet)),
    y: clamp(point.y, 0, pictureHeight(sheet)),
  });
  return {
    row: clamp(Math.floor(place.row), 0, sheet.rows - 1),
    column: clamp(Math.floor(place.column), 0, sheet.columns - 1),
  };
}

/** Where a cell lies in the picture, in CSS pixels. */
export function boxOf(view: Viewport, sheet: Sheet, { row, column }: Cell): CellBox {
  const width = sheet.cellWidth * view.zoom;
  const height = sheet.cellHeight * view.zoom;
  return { x: (column - view.column) * width, y: (row - view.row) * height, width, height };
}

/** The cell under the point stays under it. */
export function zoomed(view: Viewport, sheet: Sheet, factor: number, point: Point): Viewport {
  const zoom = clamp(view.zoom * factor, 1, largestZoom(sheet));
  const under = placeAt(view, sheet, point);
  return settled(
    {
      zoom,
      row: under.row - point.y / (sheet.cellHeight * zoom),
      column: under.column - point.x / (sheet.cellWidth * zoom),
    },
    sheet,
  );
}

/** The picture dragged by so many pixels. */
export function panned(view: Viewport, sheet: Sheet, by: Point): Viewport {
  return settled(
    {
      zoom: view.zoom,
      row: view.row - by.y / (sheet.cellHeight * view.zoom),
      column: view.column - by.x / (sheet.cellWidth * view.zoom),
    },
    sheet,
  );
}

function nearest(start: number, seen: number, cell: number): number {
  return Math.min(cell, Math.max(start, cell + 1 - seen));
}

/** The smallest move that brings a cell into view. */
export function revealed(view: Viewport, sheet: Sheet, { row, column }: Cell): Viewport {
  return settled(
    {
      zoom: view.zoom,
      row: nearest(view.row, sheet.rows / view.zoom, row),
      column: nearest(view.column, sheet.columns / view.zoom, column),
    },
    sheet,
  );
}

/** What the pixels of a picture show, by device pixel. */
export function stretches(
  view: Viewport,
  sheet: Sheet,
  ratio: number,
): { across: Stretch; down: Stretch } {
  return {
    across: { start: view.column, cellsPerPixel: 1 / (sheet.cellWidth * view.zoom * ratio) },
    down: { start: view.row, cellsPerPixel: 1 / (sheet.cellHeight * view.zoom * ratio) },
  };
}
