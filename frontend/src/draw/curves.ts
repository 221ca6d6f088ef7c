/** Many series over common places → pixels of thin translucent lines that darken where they meet. */

import { blendPixel, type Raster } from "./raster";

export interface Curve {
  /** Pixel column and pixel row of each point; columns rise. */
  x: Float32Array;
  y: Float32Array;
}

export interface Stroke {
  colour: number;
  /** Share of the colour, 0 to 1. */
  opacity: number;
  /** In pixels. */
  width: number;
}

/** A line from point to point; the part of a steep one that lies in a pixel column is filled whole. */
export function drawCurve(raster: Raster, { x, y }: Curve, stroke: Stroke): void {
  for (let point = 0; point + 1 < x.length; point++) {
    const isLast = point + 2 === x.length;
    drawSegment(raster, [x[point]!, y[point]!], [x[point + 1]!, y[point + 1]!], isLast, stroke);
  }
}

type Point = readonly [x: number, y: number];

function drawSegment(
  raster: Raster,
  [x0, y0]: Point,
  [x1, y1]: Point,
  isLast: boolean,
  stroke: Stroke,
): void {
  const slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
  const reach = (stroke.width / 2) * Math.sqrt(1 + slope * slope);
  const end = Math.round(x1);
  for (let x = Math.round(x0); x < end || (isLast && x === end); x++) {
    const from = y0 + slope * (Math.max(x0, x - 0.5) - x0);
    const to = y0 + slope * (Math.min(x1, x + 0.5) - x0);
    const half = Math.max(0, reach - Math.abs(to - from) / 2);
    cover(raster, x, Math.min(from, to) - half, Math.max(from, to) + half, stroke);
  }
}

function cover(raster: Raster, x: number, top: number, bottom: number, stroke: Stroke): void {
  const last = Math.min(raster.height, bottom);
  for (let y = Math.max(0, Math.floor(top)); y < last; y++) {
    const share = Math.min(y + 1, bottom) - Math.max(y, top);
    blendPixel(raster, x, y, stroke.colour, Math.max(0, share) * stroke.opacity);
  }
}
