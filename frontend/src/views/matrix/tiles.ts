/** What is in view of a long head → the parts that are wanted, those nearest the middle first; pure. */

import { COARSEST, TILE, type Tile } from "../../state";
import type { Sheet, Viewport } from "./viewport";

/** Parts asked for at once, at most. */
const MOST = 24;

/** The level whose pixels are the largest that are not larger than the screen's; null: the whole picture is fine enough. */
export function levelFor(
  view: Viewport,
  sheet: Sheet,
  ratio: number,
  whole: readonly [queries: number, keys: number],
): number | null {
  const down = 1 / (sheet.cellHeight * view.zoom * ratio);
  const across = 1 / (sheet.cellWidth * view.zoom * ratio);
  const level = Math.max(0, Math.floor(Math.log2(Math.min(down, across))));
  if (level > COARSEST || (2 ** level >= whole[0] && 2 ** level >= whole[1])) return null;
  return level;
}

/** Tiles [first, end) along one side. */
function along(start: number, seen: number, count: number, side: number): [number, number] {
  return [Math.max(0, Math.floor(start / side)), Math.ceil(Math.min(count, start + seen) / side)];
}

export function tilesInView(
  view: Viewport,
  sheet: Sheet,
  ratio: number,
  whole: readonly [queries: number, keys: number],
): Tile[] {
  const level = levelFor(view, sheet, ratio, whole);
  if (level === null) return [];
  const side = TILE * 2 ** level;
  const [seenRows, seenColumns] = [sheet.rows / view.zoom, sheet.columns / view.zoom];
  const rows = along(view.row, seenRows, sheet.rows, side);
  const columns = along(view.column, seenColumns, sheet.columns, side);
  const found: { tile: Tile; far: number }[] = [];
  for (let row = rows[0]; row < rows[1]; row++)
    for (let column = columns[0]; column < columns[1]; column++) {
      const far = Math.hypot(
        (row + 0.5) * side - view.row - seenRows / 2,
        (column + 0.5) * side - view.column - seenColumns / 2,
      );
      found.push({ tile: { level, row, column }, far });
    }
  return found
    .sort((a, b) => a.far - b.far)
    .slice(0, MOST)
    .map(({ tile }) => tile);
}
