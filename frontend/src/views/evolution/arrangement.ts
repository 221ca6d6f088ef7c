/** The room of the view and what its heads did → heights of the grid's rows, and "When" under them. */

import { HEADING_HEIGHT, type GridSizes } from "../../draw/grid";
import type { PlacedGrid } from "../../parts/heads_grid/grid_room";
import { AROUND } from "../../parts/heads_grid/layout";
import { foldedRows, leastHeight } from "./folded_rows";
import { fillLeft, whenRoom, type WhenRoom } from "./when_room";

export interface Arranged {
  readonly rows: Partial<Pick<GridSizes, "shaped" | "noteAfter" | "pitchY" | "cell">>;
  readonly when: WhenRoom | null;
}

export interface Told {
  /** Of the whole view. */
  readonly height: number;
  /** Of the column of the grid. */
  readonly width: number;
  /** Heads that changed, of each layer. */
  readonly moved: readonly number[];
  readonly isFolding: boolean;
  readonly lanes: number;
  readonly hasScalar: boolean;
}

/** Under "When". */
const BELOW = 6;
/** Of the view's height: the grid beside "When". */
const GRID_SHARE = 0.63;

/** Of the histogram under a map of heads; cells are not made lower than this for it. */
const HISTOGRAM = 144;
const LEAST_CELL = 5;

function arrangeMap(grid: PlacedGrid, { height, moved }: Told): Arranged {
  const around = AROUND.above + AROUND.below + grid.headings.length * HEADING_HEIGHT;
  const pitchY = Math.min(grid.pitchY, (height - around - HISTOGRAM) / moved.length);
  const isTold = moved.some((count) => count > 0) && pitchY >= LEAST_CELL;
  if (!isTold) return { rows: {}, when: null };
  const cell = { width: grid.cell.width, height: pitchY - 1 };
  return { rows: { pitchY, cell }, when: { height: HISTOGRAM, plot: 0 } };
}

function linesByLayer({ rows }: PlacedGrid): number[] {
  return rows.toSorted((a, b) => a.layer - b.layer).map(({ lines }) => lines);
}

/** `grid` is the one that fills the room alone. */
export function arrange(grid: PlacedGrid, told: Told): Arranged {
  const { height, width, lanes, hasScalar } = told;
  if (grid.isOverview) return arrangeMap(grid, told);
  const sizes = { ...grid, hasMean: grid.meanX !== null };
  const moved = told.isFolding ? told.moved : told.moved.map(() => 1);
  const room = height - AROUND.above - BELOW - grid.headings.length * HEADING_HEIGHT;
  const lines = linesByLayer(grid);
  const alone = grid.pitchY * lines.reduce((sum, each) => sum + each, 0);
  const when = whenRoom({
    height: room,
    width,
    rows: leastHeight(sizes, moved, lines),
    most: room - Math.min(alone, GRID_SHARE * height),
    lanes,
    hasScalar,
  });
  const forRows = when === null ? alone : Math.min(alone, room - when.height);
  const order = grid.rows.map(({ layer }) => layer);
  const rows = foldedRows(sizes, moved, { height: forRows, order, lines });
  return { rows, when: when === null ? null : fillLeft(when, room - forRows - when.height) };
}
