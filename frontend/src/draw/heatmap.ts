/** Pooled codes of one head and a colour table → pixels of one cell; a bright code never vanishes when the cell is smaller. */
import type { Box, Raster } from "./raster";

export interface Codes {
  readonly codes: Uint8Array;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
}

const spans = new Map<number, Int32Array>();

/** First source index of each target pixel, and the end: shrinking parts the sources, growing repeats them. */
export function sourceSpans(sources: number, targets: number): Int32Array {
  const key = sources * 65536 + targets;
  const known = spans.get(key);
  if (known !== undefined) return known;
  const starts = Int32Array.from({ length: targets + 1 }, (_, target) =>
    Math.floor((target * sources) / targets),
  );
  spans.set(key, starts);
  return starts;
}

/** Draws a head: query rows down, key columns across, the largest code of all that fall on a pixel. */
export function drawHeatmap(raster: Raster, box: Box, head: Codes, colours: Uint32Array): void {
  const across = sourceSpans(head.columns, box.width);
  const down = sourceSpans(head.rows, box.height);
  const bottom = Math.min(box.height, raster.height - box.y);
  const right = Math.min(box.width, raster.width - box.x);
  let drawn = -1;
  for (let y = Math.max(0, -box.y); y < bottom; y++) {
    const row = (box.y + y) * raster.width + box.x;
    const first = down[y]!;
    const end = Math.max(first + 1, down[y + 1]!);
    const from = Math.max(0, -box.x);
    if (end === first + 1 && first === drawn) {
      const above = row - raster.width;
      raster.pixels.copyWithin(row + from, above + from, above + right);
      continue;
    }
    drawn = end === first + 1 ? first : -1;
    for (let x = from; x < right; x++) {
      const code = largest(head, first, end, across[x]!, Math.max(across[x]! + 1, across[x + 1]!));
      raster.pixels[row + x] = colours[code]!;
    }
  }
}

function largest(head: Codes, top: number, bottom: number, left: number, right: number): number {
  let found = 0;
  for (let row = top; row < bottom; row++) {
    const start = head.offset + row * head.columns;
    for (let at = start + left; at < start + right; at++) {
      if (head.codes[at]! > found) found = head.codes[at]!;
    }
  }
  return found;
}

/** Mean weight over the heads of a layer, as codes again: code = round(255 √weight). */
export function meanCodes(
  codes: Uint8Array,
  offset: number,
  heads: number,
  size: number,
): Uint8Array {
  const sums = new Uint32Array(size);
  for (let head = 0; head < heads; head++) {
    const start = offset + head * size;
    for (let at = 0; at < size; at++) sums[at] = sums[at]! + codes[start + at]! ** 2;
  }
  return Uint8Array.from(sums, (sum) => Math.round(Math.sqrt(sum / heads)));
}
