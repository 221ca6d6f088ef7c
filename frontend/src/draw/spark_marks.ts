/** Places in a small picture of steps → its marks: dotted line, upright line, dot, triangle. */

import { blendPixel, fillBox, type Box, type Raster } from "./raster";

/** A dot every third pixel, at a height in the box, 0..1. */
export function drawDotted(
  raster: Raster,
  box: Box,
  height: number,
  colour: number,
  scale: number,
): void {
  const side = Math.max(1, Math.round(scale));
  const y = box.y + Math.round((1 - Math.min(1, Math.max(0, height))) * (box.height - side));
  for (let x = 0; x < box.width; x += 3 * side)
    fillBox(raster, { x: box.x + x, y, width: side, height: side }, colour);
}

/** One CSS pixel wide, from the top to the bottom of the box; `isDotted`: every third pixel. */
export function drawUpright(
  raster: Raster,
  box: Box,
  place: number,
  colour: number,
  scale: number,
  isDotted = false,
): void {
  const side = Math.max(1, Math.round(scale));
  const x = Math.round(box.x + place * (box.width - 1));
  if (!isDotted) fillBox(raster, { x, y: box.y, width: side, height: box.height }, colour);
  else
    for (let y = 0; y < box.height; y += 3 * side)
      fillBox(raster, { x, y: box.y + y, width: side, height: side }, colour);
}

/** Its middle at a place across and a height in the box, both 0..1; kept inside the box. */
export function drawDot(
  raster: Raster,
  box: Box,
  place: number,
  height: number,
  { radius, colour }: { radius: number; colour: number },
): void {
  const across = box.x + place * (box.width - 1);
  const down = box.y + (1 - Math.min(1, Math.max(0, height))) * (box.height - 1);
  for (let y = Math.floor(down - radius - 1); y <= down + radius + 1; y++)
    for (let x = Math.floor(across - radius - 1); x <= across + radius + 1; x++) {
      const share = radius + 0.5 - Math.hypot(x - across, y - down);
      blendPixel(raster, x, y, colour, Math.min(1, share));
    }
}

/** Pointing down, its tip at the place across; `height` pixels high. */
export function drawTriangle(raster: Raster, box: Box, place: number, colour: number): void {
  const half = box.height * 0.75;
  drawWedge(raster, box, place, colour, (row) => half * (1 - row / box.height));
}

/** Pointing up, its tip at the place across; `height` pixels high. */
export function drawPeak(raster: Raster, box: Box, place: number, colour: number): void {
  drawWedge(raster, box, place, colour, (row) => 0.75 * (row + 1));
}

/** As far to either side of its middle as `reachOf` each row says. */
function drawWedge(
  raster: Raster,
  box: Box,
  place: number,
  colour: number,
  reachOf: (row: number) => number,
): void {
  const middle = box.x + place * (box.width - 1) + 0.5;
  for (let row = 0; row < box.height; row++) {
    const reach = reachOf(row);
    const [left, right] = [middle - reach, middle + reach];
    for (let x = Math.floor(left); x < right; x++) {
      const share = Math.min(x + 1, right) - Math.max(x, left);
      blendPixel(raster, x, box.y + row, colour, share);
    }
  }
}
