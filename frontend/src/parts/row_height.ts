/** Height of a room and number of rows → height of a row: few rows fill the room, many are scrolled to. */

export interface RowRoom {
  readonly least: number;
  /** Rows that then need no scrolling may be as low as this. */
  readonly low?: number;
  readonly most: number;
  /** What stands around the rows, in CSS pixels. */
  readonly around: number;
}

/** Even, so that the middle of a row lies on whole pixels. */
export function fittingRow(
  height: number,
  rows: number,
  { least, low = least, most, around }: RowRoom,
): number {
  const fitting = 2 * Math.floor((height - around) / Math.max(1, rows) / 2);
  return fitting < low ? least : Math.min(most, fitting);
}
