/** Pixels → a canvas as wide as its parent. */

import { useLayoutEffect, useRef } from "preact/hooks";

import type { Raster } from "../../draw/raster";
import { putRaster } from "../../parts/put_raster";

export function RasterCanvas({
  raster,
  label,
  height,
}: {
  readonly raster: Raster;
  readonly label: string;
  readonly height: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => void putRaster(canvas.current!, raster), [raster]);
  return <canvas ref={canvas} role="img" aria-label={label} style={{ width: "100%", height }} />;
}
