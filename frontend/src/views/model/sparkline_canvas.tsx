/** A head's history of one metric → a small canvas with its line and the mark of the step. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { pixelOf, rgbOf, runColour, themePixel, type Theme } from "../../draw/colour";
import type { Histories } from "../../draw/histories";
import { fillBox, makeRaster } from "../../draw/raster";
import { drawSparkline, drawStepMark } from "../../draw/sparkline";

export interface SparklineCanvasProps {
  readonly histories: Histories;
  readonly layer: number;
  readonly head: number;
  readonly step: number;
  readonly theme: Theme;
}

const WIDTH = 72;
const LINE_HEIGHT = 16;
const MARK_HEIGHT = 4;

export function SparklineCanvas(props: SparklineCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { histories, layer, head, step, theme } = props;
  useLayoutEffect(() => {
    draw(canvas.current!, props, window.devicePixelRatio);
  }, [histories, layer, head, step, theme]);
  return (
    <canvas
      ref={canvas}
      class="table-sparkline"
      style={{ width: WIDTH, height: LINE_HEIGHT + MARK_HEIGHT }}
      aria-hidden="true"
    />
  );
}

function draw(canvas: HTMLCanvasElement, props: SparklineCanvasProps, scale: number): void {
  const { histories, theme } = props;
  const width = Math.round(WIDTH * scale);
  const height = Math.round((LINE_HEIGHT + MARK_HEIGHT) * scale);
  const lineHeight = Math.round(LINE_HEIGHT * scale);
  const raster = makeRaster(width, height);
  const background = themePixel("background", theme);
  const ink = pixelOf(rgbOf(runColour(0, theme)));
  fillBox(raster, { x: 0, y: 0, width, height }, background);
  const style = { thin: ink, bold: ink, baseline: background, scale };
  const line = { ...histories.line(props.layer, props.head), boldFrom: -1 };
  drawSparkline(raster, { x: 0, y: 0, width, height: lineHeight }, line, style);
  const below = { x: 0, y: lineHeight, width, height: height - lineHeight };
  const accent = themePixel("accent", theme);
  drawStepMark(raster, below, histories.place(props.step), accent, scale);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const image = new ImageData(new Uint8ClampedArray(raster.pixels.buffer), width, height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
