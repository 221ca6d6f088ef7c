/** Width of the room and the names of the tokens → sides of a matrix's cells and the room of its names. */

import type { LayerAxes } from "../token_lines/axis";

export interface MatrixSizes {
  /** Side of a cell, in whole CSS pixels. */
  readonly cell: number;
  /** Width of a cell that is no square: of few queries and many keys, whose names have no room. */
  readonly across?: number;
  /** Room of the names beside the rows and over the columns. */
  readonly left: number;
  readonly above: number;
}

export interface MatrixRoom {
  readonly width: number;
  /** Of the cells alone. */
  readonly height: number;
  readonly largest: number;
  /** Few queries and many keys may have narrow cells. */
  readonly mayBeThin?: boolean;
}

/** Of names in rows: lower ones run into each other. */
const LEAST_CELL = 13;
/** Cells that hold a number. */
export const ROOM_FOR_NUMBER = 17;
/** Smaller weights have none. */
export const LEAST_NUMBER = 0.095;

/** The last column's name leans out of the matrix. */
export const LEAN = 12;
const LETTER = 6.2;
const NAMES = { least: 28, most: 76, around: 10 };
/** Sine of 60°, and what a turned line and its gap add. */
const SLOPE = 0.866;
const TURNED = 14;

function nameWidth(texts: readonly string[]): number {
  const longest = Math.max(0, ...texts.map((text) => text.length));
  return Math.ceil(Math.min(NAMES.most, Math.max(NAMES.least, longest * LETTER + NAMES.around)));
}

/** Keys for a query, of cells that are no squares. */
const THIN = 2;

/** null where names would run into each other. */
export function matrixSizes(axes: LayerAxes, room: MatrixRoom): MatrixSizes | null {
  const [rows, columns] = [axes.query.rows, axes.key.rows];
  if (rows.length === 0 || columns.length === 0) return null;
  const left = nameWidth(rows.map(({ text }) => text));
  const over = nameWidth(columns.map(({ text }) => text));
  const across = (room.width - left - LEAN) / columns.length;
  const cell = Math.floor(Math.min(room.largest, across, room.height / rows.length));
  if (cell >= LEAST_CELL) return { cell, left, above: Math.ceil(over * SLOPE) + TURNED };
  const isThin = room.mayBeThin === true && columns.length >= THIN * rows.length && across >= 1;
  const down = Math.floor(Math.min(room.largest, room.height / rows.length));
  return isThin && down >= LEAST_CELL ? { cell: down, left, above: TURNED, across } : null;
}

/** Width of a cell. */
export const acrossOf = ({ cell, across = cell }: MatrixSizes): number => across;
