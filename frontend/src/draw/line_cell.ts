/** Pooled codes of one head and a colour table → pixels of one cell with lines: queries at the left, keys at the right. */
import { poolCodes, type Codes } from "./heatmap";
import { fillBox, type Box, type Raster } from "./raster";

/** Weights below 1/255 would draw nothing, so they are not walked. */
const FAINTEST_CODE = 16;
const GAIN = 1.6;
/** A cell of 42 pixels shows no more lines apart; the strongest of each block is drawn. */
const MOST_TOKENS = 32;

/** Draws every weight as a straight line; where lines meet their weights add up and saturate. */
export function drawLineCell(raster: Raster, box: Box, whole: Codes, colours: Uint32Array): void {
  const head = poolCodes(whole, MOST_TOKENS);
  fillBox(raster, box, colours[0]!);
  const ink = new Float32Array(box.width * box.height);
  for (let query = 0; query < head.rows; query++) {
    const start = head.offset + query * head.columns;
    for (let key = 0; key < head.columns; key++) {
      const code = head.codes[start + key]!;
      if (code < FAINTEST_CODE) continue;
      const from = place(query, head.rows, box.height);
      const to = place(key, head.columns, box.height);
      addLine(ink, box, from, to, (code / 255) ** 2);
    }
  }
  colourInk(raster, box, ink, colours);
}

/** Middle of an item's share of the height, in pixels. */
function place(index: number, count: number, height: number): number {
  return ((index + 0.5) / count) * height - 0.5;
}

function addLine(ink: Float32Array, box: Box, from: number, to: number, weight: number): void {
  const slope = (to - from) / Math.max(1, box.width - 1);
  if (Math.abs(slope) <= 1) {
    for (let x = 0; x < box.width; x++) addAcross(ink, box, x, from + slope * x, weight);
    return;
  }
  const first = Math.max(0, Math.ceil(Math.min(from, to)));
  const last = Math.min(box.height - 1, Math.floor(Math.max(from, to)));
  for (let y = first; y <= last; y++) {
    addDown(ink, box, (y - from) / slope, y, weight);
  }
}

function addAcross(ink: Float32Array, box: Box, x: number, y: number, weight: number): void {
  const above = Math.floor(y);
  const share = y - above;
  if (above >= 0) ink[above * box.width + x]! += weight * (1 - share);
  if (above + 1 < box.height && above + 1 >= 0) {
    ink[(above + 1) * box.width + x]! += weight * share;
  }
}

function addDown(ink: Float32Array, box: Box, x: number, y: number, weight: number): void {
  const before = Math.floor(x);
  const share = x - before;
  const row = y * box.width;
  if (before >= 0 && before < box.width) ink[row + before]! += weight * (1 - share);
  if (before + 1 < box.width) ink[row + before + 1]! += weight * share;
}

function colourInk(raster: Raster, box: Box, ink: Float32Array, colours: Uint32Array): void {
  const right = Math.min(box.width, raster.width - box.x);
  const bottom = Math.min(box.height, raster.height - box.y);
  for (let y = Math.max(0, -box.y); y < bottom; y++) {
    for (let x = Math.max(0, -box.x); x < right; x++) {
      const amount = ink[y * box.width + x]!;
      if (amount === 0) continue;
      const code = Math.round(255 * (1 - Math.exp(-GAIN * amount)));
      raster.pixels[(box.y + y) * raster.width + box.x + x] = colours[code]!;
    }
  }
}
