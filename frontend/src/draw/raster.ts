/** Boxes and colours → pixels: a block of packed RGBA pixels (as ImageData holds them) and what every picture does with one. */

export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array<ArrayBuffer>;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function makeRaster(width: number, height: number): Raster {
  return { width, height, pixels: new Uint32Array(width * height) };
}

/** Part `share` (0..1) of pixel `over` on pixel `under`. */
export function mixPixels(under: number, over: number, share: number): number {
  const red = channel(under, over, 0, share);
  const green = channel(under, over, 8, share);
  const blue = channel(under, over, 16, share);
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

function channel(under: number, over: number, shift: number, share: number): number {
  const from = (under >> shift) & 255;
  return Math.round(from + (((over >> shift) & 255) - from) * share);
}

/** The same colours with part `share` of their strength over a background, for dimmed heads. */
export function fadeTable(table: Uint32Array, background: number, share: number): Uint32Array {
  return table.map((colour) => mixPixels(background, colour, share));
}

/** Fills the part of a box that lies inside the raster. */
export function fillBox(raster: Raster, box: Box, colour: number): void {
  const left = Math.max(0, box.x);
  const right = Math.min(raster.width, box.x + box.width);
  const bottom = Math.min(raster.height, box.y + box.height);
  for (let y = Math.max(0, box.y); y < bottom; y++) {
    const row = y * raster.width;
    if (right > left) raster.pixels.fill(colour, row + left, row + right);
  }
}

/** The same without its corners. */
export function fillRounded(raster: Raster, box: Box, colour: number, radius: number): void {
  const round = Math.round(radius);
  for (let row = 0; row < round; row++) {
    const up = round - row - 0.5;
    const inset = Math.round(round - Math.sqrt(round ** 2 - up ** 2));
    const line = { x: box.x + inset, width: box.width - 2 * inset, height: 1 };
    fillBox(raster, { ...line, y: box.y + row }, colour);
    fillBox(raster, { ...line, y: box.y + box.height - 1 - row }, colour);
  }
  fillBox(raster, { ...box, y: box.y + round, height: box.height - 2 * round }, colour);
}

/** Lays part `share` of a colour over one pixel; nothing outside the raster. */
export function blendPixel(
  raster: Raster,
  x: number,
  y: number,
  colour: number,
  share: number,
): void {
  if (share <= 0 || x < 0 || y < 0 || x >= raster.width || y >= raster.height) return;
  const at = y * raster.width + x;
  raster.pixels[at] = mixPixels(raster.pixels[at]!, colour, Math.min(1, share));
}

/** Lays all of a raster on another one, as far as it lies inside. */
export function pasteRaster(raster: Raster, source: Raster, x: number, y: number): void {
  const left = Math.max(0, -x);
  const right = Math.min(source.width, raster.width - x);
  const bottom = Math.min(source.height, raster.height - y);
  if (right <= left) return;
  for (let row = Math.max(0, -y); row < bottom; row++) {
    const from = row * source.width;
    const line = source.pixels.subarray(from + left, from + right);
    raster.pixels.set(line, (y + row) * raster.width + x + left);
  }
}
