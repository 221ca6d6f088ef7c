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
  const down = sourceSpans(head.rows, box.height);
  const line = new Uint8Array(head.columns);
  const bottom = Math.min(box.height, raster.height - box.y);
  const right = Math.min(box.width, raster.width - box.x);
  const left = Math.max(0, -box.x);
  if (right <= left) return;
  let drawn = -1;
  for (let y = Math.max(0, -box.y); y < bottom; y++) {
    const row = (box.y + y) * raster.width + box.x;
    const first = down[y]!;
    if (first === drawn) {
      const above = row - raster.width;
      raster.pixels.copyWithin(row + left, above + left, above + right);
      continue;
    }
    gatherRows(line, head, first, Math.max(first + 1, down[y + 1]!));
    drawLine(raster.pixels, row, line, { left, right, width: box.width }, colours);
    drawn = first;
  }
}

/** The largest code of each column over some rows. */
function gatherRows(line: Uint8Array, head: Codes, first: number, end: number): void {
  const { codes, columns } = head;
  const start = head.offset + first * columns;
  for (let column = 0; column < columns; column++) line[column] = codes[start + column]!;
  for (let row = first + 1; row < end; row++) {
    const from = head.offset + row * columns;
    for (let column = 0; column < columns; column++) {
      const code = codes[from + column]!;
      if (code > line[column]!) line[column] = code;
    }
  }
}

/** Cells of about as many pixels as there are columns are what a grid of heads has: one or two columns to a pixel. */
function drawLine(
  pixels: Uint32Array,
  row: number,
  line: Uint8Array,
  { left, right, width }: { left: number; right: number; width: number },
  colours: Uint32Array,
): void {
  const across = sourceSpans(line.length, width);
  if (line.length <= width) {
    for (let x = left; x < right; x++) pixels[row + x] = colours[line[across[x]!]!]!;
  } else if (line.length <= 2 * width) {
    for (let x = left; x < right; x++) {
      const code = line[across[x]!]!;
      const other = line[across[x + 1]! - 1]!;
      pixels[row + x] = colours[code > other ? code : other]!;
    }
  } else {
    for (let x = left; x < right; x++) {
      let column = across[x]!;
      let code = line[column]!;
      for (const end = across[x + 1]!; ++column < end;) {
        if (line[column]! > code) code = line[column]!;
      }
      pixels[row + x] = colours[code]!;
    }
  }
}

/** The same head with at most `most` rows and columns: the largest code of each block. */
export function poolCodes(head: Codes, most: number): Codes {
  const block = Math.ceil(Math.max(head.rows, head.columns) / most);
  if (block <= 1) return head;
  const rows = Math.ceil(head.rows / block);
  const columns = Math.ceil(head.columns / block);
  const codes = new Uint8Array(rows * columns);
  for (let row = 0; row < head.rows; row++) {
    const from = head.offset + row * head.columns;
    const to = Math.floor(row / block) * columns;
    for (let column = 0; column < head.columns; column++) {
      const at = to + Math.floor(column / block);
      const code = head.codes[from + column]!;
      if (code > codes[at]!) codes[at] = code;
    }
  }
  return { codes, offset: 0, rows, columns };
}

let sums = new Uint32Array(0);

/** Mean weight over the heads of a layer, as codes again: code = round(255 √weight). */
export function meanCodes(
  codes: Uint8Array,
  offset: number,
  heads: number,
  size: number,
): Uint8Array {
  if (sums.length < size) sums = new Uint32Array(size);
  sums.fill(0, 0, size);
  for (let head = 0; head < heads; head++) {
    const start = offset + head * size;
    for (let at = 0; at < size; at++) {
      const code = codes[start + at]!;
      sums[at] = sums[at]! + code * code;
    }
  }
  const means = new Uint8Array(size);
  for (let at = 0; at < size; at++) means[at] = Math.round(Math.sqrt(sums[at]! / heads));
  return means;
}
