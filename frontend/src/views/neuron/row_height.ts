/** Height of the view and number of tokens → height of a row of the columns: few rows fill the room, many scroll. */

import { signal, type Signal } from "@preact/signals";

/** Of the whole view, in CSS pixels. */
export const viewHeight: Signal<number> = signal(0);

const ROW = { least: 24, most: 44 };
/** Title, heads and captions of the columns, and the plot below them. */
const AROUND = 320;

export function rowHeightOf(height: number, rows: number): number {
  const fitting = 2 * Math.floor((height - AROUND) / Math.max(1, rows) / 2);
  return Math.max(ROW.least, Math.min(ROW.most, fitting));
}
