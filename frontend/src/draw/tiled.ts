/** A picture of a whole head and finer parts of it → pixels; where no part has come, the whole is to be seen. */

import { drawMatrix, type Stretch } from "./matrix";
import { buildPyramid, type Pyramid } from "./pyramid";
import type { Raster } from "./raster";

/** Some rows and columns of a head as pixels of several cells each. */
export interface Part {
  readonly query: readonly [first: number, end: number];
  readonly key: readonly [first: number, end: number];
  readonly cell: readonly [queries: number, keys: number];
  readonly rows: number;
  readonly columns: number;
  readonly codes: Uint8Array;
}

function within({ start, cellsPerPixel }: Stretch, first: number, cell: number): Stretch {
  return { start: (start - first) / cell, cellsPerPixel: cellsPerPixel / cell };
}

function isSeen(stretch: Stretch, pixels: number, [first, end]: Part["query"]): boolean {
  return first < stretch.start + pixels * stretch.cellsPerPixel && end > stretch.start;
}

export function partPyramid({ codes, rows, columns }: Part): Pyramid {
  return buildPyramid({ codes, rows, columns });
}

/** `whole` is drawn first, then the `parts`, the coarsest first. */
export function drawTiled(
  raster: Raster,
  whole: { part: Part; pyramid: Pyramid },
  parts: readonly Part[],
  { across, down }: { across: Stretch; down: Stretch },
  colours: Uint32Array,
): void {
  const place = (part: Part, pyramid: Pyramid): void =>
    drawMatrix(
      raster,
      pyramid,
      within(across, part.key[0], part.cell[1]),
      within(down, part.query[0], part.cell[0]),
      colours,
    );
  place(whole.part, whole.pyramid);
  const seen = parts.filter(
    (part) => isSeen(across, raster.width, part.key) && isSeen(down, raster.height, part.query),
  );
  for (const part of seen.sort((a, b) => b.cell[0] - a.cell[0]))
    place(part, [{ codes: part.codes, rows: part.rows, columns: part.columns }]);
}
