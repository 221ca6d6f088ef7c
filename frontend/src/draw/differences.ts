/** Signed codes of differences and a colour table → pixels of one cell; the largest difference never vanishes when the cell is smaller. */
import type { Codes } from "./heatmap";
import { sourceSpans } from "./heatmap";
import type { Box, Raster } from "./raster";

/** Code of no difference; 1 is −1 and 255 is +1. */
export const NO_DIFFERENCE = 128;

/** Signed √ of a difference, as a code. */
export function differenceCode(difference: number): number {
  const shade = Math.sign(difference) * Math.sqrt(Math.min(1, Math.abs(difference)));
  return NO_DIFFERENCE + Math.round(127 * shade);
}

/** Pixel by code; differences smaller than `least` are drawn as none. `diverging` has 511 pixels. */
export function differenceTable(
  diverging: Uint32Array<ArrayBuffer>,
  least: number,
): Uint32Array<ArrayBuffer> {
  const smallest = 127 * Math.sqrt(least);
  return Uint32Array.from({ length: 256 }, (_, code) => {
    const signed = Math.max(-127, code - NO_DIFFERENCE);
    const shown = Math.abs(signed) < smallest ? 0 : signed;
    return diverging[255 + Math.round((255 * shown) / 127)]!;
  });
}

/** The code furthest from no difference among some rows and columns. */
function furthest({ codes, offset, columns }: Codes, rows: Span, across: Span): number {
  let found = NO_DIFFERENCE;
  for (let row = rows.first; row < rows.end; row++) {
    const start = offset + row * columns;
    for (let column = across.first; column < across.end; column++) {
      const code = codes[start + column]!;
      if (Math.abs(code - NO_DIFFERENCE) > Math.abs(found - NO_DIFFERENCE)) found = code;
    }
  }
  return found;
}

interface Span {
  readonly first: number;
  readonly end: number;
}

function spanAt(spans: Int32Array, at: number): Span {
  return { first: spans[at]!, end: Math.max(spans[at]! + 1, spans[at + 1]!) };
}

/** Draws a head: query rows down, key columns across. */
export function drawDifferences(raster: Raster, box: Box, head: Codes, colours: Uint32Array): void {
  const down = sourceSpans(head.rows, box.height);
  const across = sourceSpans(head.columns, box.width);
  const right = Math.min(box.width, raster.width - box.x);
  const bottom = Math.min(box.height, raster.height - box.y);
  for (let y = Math.max(0, -box.y); y < bottom; y++) {
    const row = (box.y + y) * raster.width + box.x;
    for (let x = Math.max(0, -box.x); x < right; x++)
      raster.pixels[row + x] = colours[furthest(head, spanAt(down, y), spanAt(across, x))]!;
  }
}
