/** The pinned and the pointed patch → frames on a picture's canvas; as elements they would be laid out at every movement. */

import { patchEdges } from "../../draw/patch_map";
import type { Box } from "../../draw/raster";
import { colourOf, type ColourName, type Theme } from "../../draw/theme";

export interface PatchMarks {
  readonly rows: number;
  readonly cols: number;
  /** −1: none. */
  readonly pinned: number;
  readonly pointed: number;
  /** For small pictures. */
  readonly isThin?: boolean;
}

/** A line of so many CSS pixels, from the patch's edge outwards. */
type Ring = readonly [colour: ColourName, from: number, width: number];

const rings: Readonly<Record<"pinned" | "pointed", readonly Ring[]>> = {
  pinned: [
    ["around-mark", 1, 1],
    ["on-picture", 0, 1],
    ["accent", -2, 2],
  ],
  pointed: [
    ["around-mark", 0, 1],
    ["on-picture", -2, 2],
  ],
};
const thin = { pinned: [["accent", -1, 1]], pointed: [["text", -1, 1]] } as const;

/** `box` is where the patches lie, in pixels of the canvas. */
export function strokeMarks(
  context: CanvasRenderingContext2D,
  box: Box,
  marks: PatchMarks,
  theme: Theme,
  scale: number,
): void {
  const across = patchEdges(box.x, box.width, marks.cols);
  const down = patchEdges(box.y, box.height, marks.rows);
  for (const kind of ["pinned", "pointed"] as const) {
    const patch = marks[kind];
    if (patch === -1) continue;
    const [row, col] = [Math.floor(patch / marks.cols), patch % marks.cols];
    const [left, top] = [across[col]!, down[row]!];
    const [width, height] = [across[col + 1]! - left, down[row + 1]! - top];
    for (const [colour, from, thick] of (marks.isThin === true ? thin : rings)[kind]) {
      const out = (from + thick / 2) * scale;
      context.strokeStyle = colourOf(colour, theme);
      context.lineWidth = thick * scale;
      context.strokeRect(left - out, top - out, width + 2 * out, height + 2 * out);
    }
  }
}
