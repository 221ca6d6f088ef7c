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
const BELOW = 8;

/** `grid` is the one that fills the room alone. */
export function arrange(grid: PlacedGrid, told: Told): Arranged {
  const { height, width, lanes, hasScalar } = told;
  if (grid.isOverview) return { rows: {}, when: null };
  const sizes = { ...grid, hasMean: grid.meanX !== null };
  const moved = told.isFolding ? told.moved : told.moved.map(() => 1);
  const room = height - AROUND.above - BELOW - grid.headings.length * HEADING_HEIGHT;
  const alone = grid.pitchY * moved.length;
  const needs = { height: room, width, rows: leastHeight(sizes, moved), lanes, hasScalar };
  const when = whenRoom(needs);
  const forRows = when === null ? alone : Math.min(alone, room - when.height);
  const order = grid.rows.map(({ layer }) => layer);
  const rows = foldedRows(sizes, moved, { height: forRows, order });
  return { rows, when: when === null ? null : fillLeft(when, room - forRows - when.height) };
}
