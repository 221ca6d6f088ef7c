/** Values over steps → pixels of one small line: gaps where a value is missing, a baseline, a mark at the present step. */
import { blendPixel, fillBox, type Box, type Raster } from "./raster";

export interface Sparkline {
  /** Place of each step across the box, 0..1, rising. */
  readonly places: Float32Array;
  /** Height of each value in the box, 0..1; NaN leaves a gap. */
  readonly values: Float32Array;
  /** Index from which the line is bold, or -1. */
  readonly boldFrom: number;
}

export interface SparklineStyle {
  readonly thin: number;
  readonly bold: number;
  readonly baseline: number;
  /** Device pixels per CSS pixel. */
  readonly scale: number;
}

const THIN_WIDTH = 1;
const BOLD_WIDTH = 2;
/** Opacity of a band. */
export const BAND_INK = 0.25;

/** Draws the baseline on the last row of the box and the line above it. */
export function drawSparkline(
  raster: Raster,
  box: Box,
  line: Sparkline,
  style: SparklineStyle,
): void {
  const hair = Math.max(1, Math.round(style.scale));
  fillBox(raster, { ...box, y: box.y + box.height - hair, height: hair }, style.baseline);
  drawHistoryLine(raster, box, line, style);
}

/** The line alone; a value without neighbours is a point. */
export function drawHistoryLine(
  raster: Raster,
  box: Box,
  line: Sparkline,
  style: Omit<SparklineStyle, "baseline">,
): void {
  const columns = traceColumns(box, line);
  for (let x = 0; x < box.width; x++) {
    if (Number.isNaN(columns.top[x]!)) continue;
    const isBold = columns.bold[x] === 1;
    const half = ((isBold ? BOLD_WIDTH : THIN_WIDTH) * style.scale) / 2;
    const top = box.y + columns.top[x]! + 0.5 - half;
    const bottom = box.y + columns.bottom[x]! + 0.5 + half;
    coverColumn(raster, box.x + x, top, bottom, isBold ? style.bold : style.thin);
  }
}

/** All between two lines, in a light tone of the colour. */
export function drawBand(
  raster: Raster,
  box: Box,
  { low, high }: { readonly low: Sparkline; readonly high: Sparkline },
  colour: number,
): void {
  const [under, over] = [traceColumns(box, low), traceColumns(box, high)];
  for (let x = 0; x < box.width; x++) {
    if (Number.isNaN(under.top[x]!) || Number.isNaN(over.top[x]!)) continue;
    const [top, bottom] = [box.y + over.top[x]!, box.y + under.bottom[x]! + 1];
    coverColumn(raster, box.x + x, top, bottom, colour, BAND_INK);
  }
}

interface Columns {
  readonly width: number;
  readonly height: number;
  readonly top: Float32Array;
  readonly bottom: Float32Array;
  readonly bold: Uint8Array;
}

const traced = new WeakMap<Sparkline, Columns>();

/** The stretch of height that the line passes through in every pixel column; NaN where it does not. */
function traceColumns({ width, height }: Box, line: Sparkline): Columns {
  const known = traced.get(line);
  if (known?.width === width && known.height === height) return known;
  const top = new Float32Array(width).fill(NaN);
  const columns = { width, height, top, bottom: top.slice(), bold: new Uint8Array(width) };
  const { values } = line;
  let previous = -1;
  for (let at = 0; at < values.length; at++) {
    const isMissing = Number.isNaN(values[at]!);
    if (!isMissing) traceSegment(columns, line, previous === -1 ? at : previous, at);
    previous = isMissing ? -1 : at;
  }
  traced.set(line, columns);
  return columns;
}

/** From the value at one step to that at another, or the same, step. */
function traceSegment(columns: Columns, line: Sparkline, first: number, last: number): void {
  const { places, values, boldFrom } = line;
  const { top, bottom, bold } = columns;
  const left = places[first]! * (columns.width - 1);
  const right = places[last]! * (columns.width - 1);
  const from = heightOf(values[first]!, columns);
  const to = heightOf(values[last]!, columns);
  const slope = right > left ? (to - from) / (right - left) : 0;
  const isBold = boldFrom !== -1 && first >= boldFrom;
  const end = Math.round(right);
  for (let x = Math.round(left); x <= end; x++) {
    const enters = from + slope * (Math.max(left, x - 0.5) - left);
    const leaves = right > left ? from + slope * (Math.min(right, x + 0.5) - left) : to;
    const isFirst = Number.isNaN(top[x]!);
    top[x] = Math.min(isFirst ? enters : top[x]!, enters, leaves);
    bottom[x] = Math.max(isFirst ? enters : bottom[x]!, enters, leaves);
    if (isBold) bold[x] = 1;
  }
}

/** Draws the mark of the present step under the baseline, two pixels wide. */
export function drawStepMark(
  raster: Raster,
  box: Box,
  place: number,
  colour: number,
  scale: number,
): void {
  const width = Math.max(1, Math.round(2 * scale));
  const middle = box.x + place * (box.width - 1) + 0.5;
  const x = Math.round(Math.min(box.x + box.width - width, Math.max(box.x, middle - width / 2)));
  fillBox(raster, { x, y: box.y, width, height: box.height }, colour);
}

export function heightOf(value: number, { height }: Pick<Box, "height">): number {
  return (1 - Math.min(1, Math.max(0, value))) * (height - 1);
}

function coverColumn(
  raster: Raster,
  x: number,
  top: number,
  bottom: number,
  colour: number,
  opacity = 1,
): void {
  for (let y = Math.floor(top); y < bottom; y++) {
    const share = Math.min(y + 1, bottom) - Math.max(y, top);
    blendPixel(raster, x, y, colour, share * opacity);
  }
}
