/** The head under the pointer of a large grid → the heads around it that the lens shows. */

import { signal, type Signal } from "@preact/signals";

import type { Cell, GridLayout } from "../../draw/grid";
import type { Box } from "../../draw/raster";

export const LENS = { rows: 4, columns: 5 } as const;

/** Where the lens is; null: at the selected head. */
export const lensAt: Signal<Cell | null> = signal(null);

export interface LensArea {
  /** Row by row, as the grid has them. */
  readonly cells: readonly (readonly Cell[])[];
  /** In the grid's coordinates. */
  readonly box: Box;
}

const within = (middle: number, length: number, count: number): number =>
  Math.max(0, Math.min(middle - (length >> 1), count - length));

export function lensArea(layout: GridLayout, { layer, head }: Cell): LensArea | null {
  const at = layout.rows.findIndex((row) => row.layer === layer);
  const column = layout.rows[at]?.order.indexOf(head) ?? -1;
  if (column === -1) return null;
  const first = within(at, LENS.rows, layout.rows.length);
  const left = within(column, LENS.columns, layout.columns);
  const rows = layout.rows.slice(first, first + LENS.rows);
  const cells = rows.map(({ layer: of, order }) =>
    order.slice(left, left + LENS.columns).map((each) => ({ layer: of, head: each })),
  );
  const last = rows.at(-1)!;
  const columns = Math.min(LENS.columns, layout.columns);
  return {
    cells,
    box: {
      x: left * layout.pitchX,
      y: rows[0]!.top,
      width: columns * layout.pitchX - (layout.pitchX - layout.cell.width),
      height: last.top + layout.cell.height - rows[0]!.top,
    },
  };
}
