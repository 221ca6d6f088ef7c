/** Two patches at opposite corners → the rectangle between them, and the positions in it. */

import type { Panel } from "../../decoding/panels";

export interface PatchRegion {
  readonly from: number;
  readonly to: number;
}

type Span = readonly [first: number, last: number];

export interface Rectangle {
  /** Both ends inside. */
  readonly rows: Span;
  readonly cols: Span;
}

const sorted = (a: number, b: number): Span => [Math.min(a, b), Math.max(a, b)];

export function rectangleOf({ cols }: Pick<Panel, "cols">, { from, to }: PatchRegion): Rectangle {
  return {
    rows: sorted(Math.floor(from / cols), Math.floor(to / cols)),
    cols: sorted(from % cols, to % cols),
  };
}

/** Ascending. */
export function positionsIn(panel: Panel, region: PatchRegion): number[] {
  const { rows, cols } = rectangleOf(panel, region);
  return [...panel.positions]
    .filter((_, patch) => {
      const [row, col] = [Math.floor(patch / panel.cols), patch % panel.cols];
      return row >= rows[0] && row <= rows[1] && col >= cols[0] && col <= cols[1];
    })
    .sort((a, b) => a - b);
}
