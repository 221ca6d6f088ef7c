/** A head's weight on the pattern over the steps → a small canvas with its line, the threshold and the present step. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { pixelOf, rgbOf, runColour, themePixel, type Theme } from "../../draw/colour";
import { fillBox, makeRaster } from "../../draw/raster";
import { drawSparkline, drawStepMark, heightOf } from "../../draw/sparkline";
import type { HeadsOverSteps } from "./ranking";

export interface FoundSparkProps {
  readonly over: HeadsOverSteps;
  readonly layer: number;
  readonly head: number;
  /** First and last step of the probe, so that a search under way keeps its axis. */
  readonly span: readonly [number, number];
  readonly step: number;
  readonly threshold: number;
  readonly theme: Theme;
}

const WIDTH = 72;
const LINE_HEIGHT = 17;
const MARK_HEIGHT = 4;

export function FoundSpark(props: FoundSparkProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { over, layer, head, step, threshold, theme } = props;
  useLayoutEffect(() => {
    draw(canvas.current!, props, window.devicePixelRatio);
  }, [over, layer, head, step, threshold, theme]);
  return (
    <canvas
      ref={canvas}
      class="table-sparkline"
      style={{ width: WIDTH, height: LINE_HEIGHT + MARK_HEIGHT }}
      aria-hidden="true"
    />
  );
}

function draw(canvas: HTMLCanvasElement, props: FoundSparkProps, scale: number): void {
  const { over, layer, head, span, step, threshold, theme } = props;
  const width = Math.round(WIDTH * scale);
  const height = Math.round((LINE_HEIGHT + MARK_HEIGHT) * scale);
  const raster = makeRaster(width, height);
  const ink = pixelOf(rgbOf(runColour(0, theme)));
  const rule = themePixel("border", theme);
  fillBox(raster, { x: 0, y: 0, width, height }, themePixel("background", theme));
  const box = { x: 0, y: 0, width, height: Math.round(LINE_HEIGHT * scale) };
  const y = Math.round(heightOf(threshold, box));
  const hair = Math.max(1, Math.round(scale));
  for (let x = 0; x < width; x += 4 * hair)
    fillBox(raster, { x, y, width: 2 * hair, height: hair }, rule);
  const place = (at: number): number =>
    span[1] > span[0] ? (at - span[0]) / (span[1] - span[0]) : 0;
  const line = {
    places: Float32Array.from(over.steps, place),
    values: Float32Array.from(over.steps, (at) => over.at(at, layer, head)),
    boldFrom: -1,
  };
  drawSparkline(raster, box, line, { thin: ink, bold: ink, baseline: rule, scale });
  const accent = themePixel("accent", theme);
  const below = { x: 0, y: box.height, width, height: height - box.height };
  drawStepMark(raster, below, place(step), accent, scale);
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(new Uint8ClampedArray(raster.pixels.buffer), width, height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
