/** Pixels → a canvas of their size; answers its context, for what is written over them. */

import type { Raster } from "../draw/raster";

export function putRaster(
  canvas: HTMLCanvasElement,
  { width, height, pixels }: Raster,
): CanvasRenderingContext2D | null {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context?.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  return context;
}
