/** Means by distance → a canvas of all dimensions' lines, and one over it of the followed dimension. */

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import { themePixel, type Theme } from "../../draw/colour";
import { drawCurve, type Stroke } from "../../draw/curves";
import { type Box, fillBox, makeRaster, type Raster } from "../../draw/raster";
import { putRaster } from "../../parts/put_raster";
import { theme } from "../../state";
import type { DistanceMeans } from "./distance_means";
import { followed } from "./dimension_pointer";
import { curveOf, type PlotScale } from "./plot_scale";

export interface CurvesCanvasProps {
  means: DistanceMeans;
  dimensions: number;
  /** In CSS pixels. */
  scale: PlotScale;
  label: string;
}

function scaled({ width, height, top }: PlotScale, ratio: number): PlotScale {
  return { width: Math.round(width * ratio), height: Math.round(height * ratio), top };
}

/** The line of no effect, and the one at the query itself. */
function axesOf({ distances }: DistanceMeans, { width, height }: PlotScale, ratio: number): Box[] {
  const hair = Math.max(1, Math.round(ratio));
  const [first = 0, last = 0] = [distances[0], distances.at(-1)];
  const level = { x: 0, y: Math.round(height / 2), width, height: hair };
  if (first > 0 || last < 0 || first === last) return [level];
  const x = Math.min(width - hair, Math.round((-first / (last - first)) * (width - 1)));
  return [level, { x, y: 0, width: hair, height }];
}

function drawAll(
  { means, dimensions, scale }: CurvesCanvasProps,
  look: Theme,
  ratio: number,
): Raster {
  const size = scaled(scale, ratio);
  const raster = makeRaster(size.width, size.height);
  fillBox(raster, { x: 0, y: 0, ...size }, themePixel("background", look));
  for (const box of axesOf(means, size, ratio)) fillBox(raster, box, themePixel("track", look));
  const opacity = Math.max(0.15, Math.min(0.6, 12 / dimensions));
  const stroke: Stroke = { colour: themePixel("second", look), opacity, width: ratio };
  for (let each = 0; each < dimensions; each++)
    drawCurve(raster, curveOf(means, dimensions, each, size), stroke);
  return raster;
}

/** The former pixels with one line more. */
function drawOver(
  { pixels, ...size }: Raster,
  { means, dimensions, scale }: CurvesCanvasProps,
  now: number,
  look: Theme,
  ratio: number,
): Raster {
  const raster = { ...size, pixels: pixels.slice() };
  const stroke: Stroke = { colour: themePixel("accent", look), opacity: 1, width: 2 * ratio };
  drawCurve(raster, curveOf(means, dimensions, now, scaled(scale, ratio)), stroke);
  return raster;
}

export function CurvesCanvas(props: CurvesCanvasProps) {
  const { means, dimensions, scale, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const look = theme.value;
  const ratio = window.devicePixelRatio;
  const now = followed(dimensions);
  const all = useMemo(
    () => drawAll(props, look, ratio),
    [means, dimensions, scale.width, scale.height, look, ratio],
  );
  useLayoutEffect(() => {
    putRaster(canvas.current!, now === null ? all : drawOver(all, props, now, look, ratio));
  }, [all, now]);
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      style={{ width: `${scale.width}px`, height: `${scale.height}px` }}
    />
  );
}
