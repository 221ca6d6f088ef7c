/** Height of the room and rows of a short text → height of a row: the room is filled, a longer text scrolls. */

const LOWEST = 32;
const HIGHEST = 64;
/** Two lines of words over the columns and one or two under them, the columns' head, and what stands under the table. */
const AROUND = 40 + 32 + 40 + 20;

export function rowHeightOf(height: number, rows: number): number {
  if (height <= 0 || rows <= 0) return LOWEST;
  const even = 2 * Math.floor((height - AROUND) / rows / 2); // so that a line lies on whole pixels
  return Math.max(LOWEST, Math.min(HIGHEST, even));
}
