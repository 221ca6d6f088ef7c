/** A key pressed on the matrix → what it does to zoom, place and pointed cell; null: it means nothing here. */

import {
  boxOf,
  type Cell,
  panned,
  pictureHeight,
  pictureWidth,
  revealed,
  type Sheet,
  type Viewport,
  whole,
  zoomed,
} from "./viewport";

export interface KeyAction {
  view?: Viewport;
  cell?: Cell;
  /** The range grows from where it began to this cell. */
  extend?: boolean;
  pin?: boolean;
  /** Free the selected cell and the range. */
  clear?: boolean;
}

export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
}

const ZOOM = 1.5;
const moves: Record<string, readonly [down: number, across: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};
const PAGE = 0.8;
const pages: Record<string, number> = { PageUp: PAGE, PageDown: -PAGE };

/** Cells smaller than this are passed several at a time. */
const STEP_PIXELS = 2;

function middleOf(view: Viewport, sheet: Sheet): Cell {
  return {
    row: Math.floor(view.row + sheet.rows / view.zoom / 2),
    column: Math.floor(view.column + sheet.columns / view.zoom / 2),
  };
}

const within = (value: number, count: number): number => Math.min(count - 1, Math.max(0, value));

function moved(view: Viewport, sheet: Sheet, from: Cell, key: string): Cell {
  const [down, across] = moves[key]!;
  const stride = (size: number): number =>
    Math.max(1, Math.round(STEP_PIXELS / (size * view.zoom)));
  return {
    row: within(from.row + down * stride(sheet.cellHeight), sheet.rows),
    column: within(from.column + across * stride(sheet.cellWidth), sheet.columns),
  };
}

function zoomAbout(view: Viewport, sheet: Sheet, cell: Cell | null, factor: number): Viewport {
  const { x, y, width, height } = boxOf(view, sheet, cell ?? middleOf(view, sheet));
  return zoomed(view, sheet, factor, { x: x + width / 2, y: y + height / 2 });
}

export function keyAction(
  press: KeyPress,
  view: Viewport,
  sheet: Sheet,
  cell: Cell | null,
): KeyAction | null {
  const { key, shiftKey } = press;
  if (key in moves) {
    const next = cell === null ? middleOf(view, sheet) : moved(view, sheet, cell, key);
    return { cell: next, view: revealed(view, sheet, next), extend: shiftKey };
  }
  if (key in pages) {
    const by = pages[key]!;
    const x = shiftKey ? by * pictureWidth(sheet) : 0;
    const y = shiftKey ? 0 : by * pictureHeight(sheet);
    return { view: panned(view, sheet, { x, y }) };
  }
  if (key === "+" || key === "=") return { view: zoomAbout(view, sheet, cell, ZOOM) };
  if (key === "-" || key === "_") return { view: zoomAbout(view, sheet, cell, 1 / ZOOM) };
  if (key === "0") return { view: whole };
  if (key === "Enter" || key === " ") return { pin: true };
  if (key === "Escape") return { clear: true };
  return null;
}
