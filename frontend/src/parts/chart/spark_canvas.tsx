/** A line over the steps → a small canvas with it, the mark of the present step and, if there is one, a threshold. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { pixelOf, rgbOf, runColour, themePixel, type Theme } from "../../draw/colour";
import { fillBox, makeRaster, type Box, type Raster } from "../../draw/raster";
import { drawSparkline, drawStepMark, heightOf, type Sparkline } from "../../draw/sparkline";
import { putRaster } from "../put_raster";

export interface SparkCanvasProps {
  readonly line: Sparkline;
  /** Of the present step, 0..1. */
  readonly place: number;
  /** Height 0..1 of a dotted line. */
  readonly threshold?: number;
  readonly theme: Theme;
}

const WIDTH = 72;
const LINE_HEIGHT = 16;
const MARK_HEIGHT = 4;

export function SparkCanvas(props: SparkCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { line, place, threshold, theme } = props;
  useLayoutEffect(() => {
    putRaster(canvas.current!, drawn(props, window.devicePixelRatio));
  }, [line, place, threshold, theme]);
  return (
    <canvas
      ref={canvas}
      class="table-sparkline"
      style={{ width: WIDTH, height: LINE_HEIGHT + MARK_HEIGHT }}
      aria-hidden="true"
    />
  );
}

function drawn({ line, place, threshold, theme }: SparkCanvasProps, scale: number): Raster {
  const raster = makeRaster(
    Math.round(WIDTH * scale),
    Math.round((LINE_HEIGHT + MARK_HEIGHT) * scale),
  );
  const { width, height } = raster;
  const background = themePixel("background", theme);
  const rule = themePixel("border", theme);
  fillBox(raster, { x: 0, y: 0, width, height }, background);
  const box = { x: 0, y: 0, width, height: Math.round(LINE_HEIGHT * scale) };
  if (threshold !== undefined) drawDotted(raster, box, heightOf(threshold, box), rule, scale);
  const ink = pixelOf(rgbOf(runColour(0, theme)));
  const thin = { ...line, boldFrom: -1 };
  drawSparkline(raster, box, thin, { thin: ink, bold: ink, baseline: rule, scale });
  const below = { x: 0, y: box.height, width, height: height - box.height };
  drawStepMark(raster, below, place, themePixel("accent", theme), scale);
  return raster;
}

function drawDotted(raster: Raster, box: Box, at: number, colour: number, scale: number): void {
  const hair = Math.max(1, Math.round(scale));
  for (let x = 0; x < box.width; x += 4 * hair)
    fillBox(raster, { x, y: Math.round(at), width: 2 * hair, height: hair }, colour);
}
