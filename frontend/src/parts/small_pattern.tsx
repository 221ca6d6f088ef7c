/** Codes of one head and a colour table → a small picture of it; a code is drawn as its cell of the table. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { drawHeatmap, type Codes } from "../draw/heatmap";
import { makeRaster, type Box, type Raster } from "../draw/raster";
import { putRaster } from "./put_raster";

type Draw = (raster: Raster, box: Box, head: Codes, colours: Uint32Array) => void;

export interface SmallPatternProps {
  /** null: an empty square. */
  readonly codes: Codes | null;
  readonly colours: Uint32Array;
  /** In CSS pixels, of both sides. */
  readonly side: number;
  readonly draw?: Draw;
}

export function SmallPattern({ codes, colours, side, draw = drawHeatmap }: SmallPatternProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const pixels = Math.round(side * window.devicePixelRatio);
    const raster = makeRaster(pixels, pixels);
    if (codes !== null) draw(raster, { x: 0, y: 0, width: pixels, height: pixels }, codes, colours);
    putRaster(canvas.current!, raster);
  }, [codes, colours, side]);
  return <canvas ref={canvas} aria-hidden="true" style={{ width: side, height: side }} />;
}
