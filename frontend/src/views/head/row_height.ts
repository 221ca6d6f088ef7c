/** Height of the room and rows of a short text → height of a row: the room is filled, a longer text scrolls. */

import { fittingRow, type RowRoom } from "../../parts/row_height";

/** Around the rows: two lines of words over the columns and one or two under them, the columns' head, and what stands under the table. */
const ROOM: RowRoom = { least: 32, low: 26, most: 64, around: 40 + 32 + 40 + 20 };

export const rowHeightOf = (height: number, rows: number): number => fittingRow(height, rows, ROOM);
