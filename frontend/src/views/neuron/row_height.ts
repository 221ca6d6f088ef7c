/** Height of the view and number of tokens → height of a row of the columns: few rows fill the room, many scroll. */

import { signal, type Signal } from "@preact/signals";

import { fittingRow, type RowRoom } from "../../parts/row_height";

/** Of the whole view, in CSS pixels. */
export const viewHeight: Signal<number> = signal(0);

/** Around the rows: title, heads and captions of the columns, and the plot below them. */
const ROOM: RowRoom = { least: 24, most: 44, around: 320 };

export const rowHeightOf = (height: number, rows: number): number => fittingRow(height, rows, ROOM);
