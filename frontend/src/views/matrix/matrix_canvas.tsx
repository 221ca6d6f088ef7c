/** Cells in view → the canvas of the matrix, with numbers in cells that have room. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { cssOf, rgbOfPixel, type Theme } from "../../draw/colour";
import { legendTable, scaleTable } from "../../draw/times_uniform";
import { drawMatrix } from "../../draw/matrix";
import type { Pyramid } from "../../draw/pyramid";
import { makeRaster } from "../../draw/raster";
import { putRaster } from "../../parts/put_raster";
import type { ColourScale } from "../../state";
import {
  boxOf,
  pictureHeight,
  pictureWidth,
  type Sheet,
  stretches,
  type Viewport,
} from "./viewport";
import { type CellRange, NUMBER_CELL, writtenNumbers } from "./written_numbers";

export interface MatrixCanvasProps {
  pyramid: Pyramid;
  sheet: Sheet;
  view: Viewport;
  theme: Theme;
  scale: ColourScale;
  /** Of the layer: one of so many is the weight of uniform attention. */
  keys: number;
  numbers: boolean;
  weightOf: (row: number, column: number) => number;
  label: string;
  onDrawn: () => void;
}

function writeNumbers(context: CanvasRenderingContext2D, props: MatrixCanvasProps): void {
  const { sheet, view, pyramid, weightOf } = props;
  const { rows, columns } = pyramid[0]!;
  const colours = scaleTable(props.theme, props.scale, props.keys);
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const inView: CellRange = {
    rows: [Math.floor(view.row), Math.min(rows, Math.ceil(view.row + sheet.rows / view.zoom))],
    columns: [
      Math.floor(view.column),
      Math.min(columns, Math.ceil(view.column + sheet.columns / view.zoom)),
    ],
  };
  for (const number of writtenNumbers(pyramid, colours, weightOf, inView)) {
    const { x, y, width, height } = boxOf(view, sheet, number);
    context.fillStyle = number.ink;
    context.fillText(number.text, x + width / 2, y + height / 2 + 0.5);
  }
}

function paint(canvas: HTMLCanvasElement, props: MatrixCanvasProps): void {
  const { sheet, view } = props;
  const ratio = window.devicePixelRatio;
  const width = Math.max(1, Math.round(pictureWidth(sheet) * ratio));
  const height = Math.max(1, Math.round(pictureHeight(sheet) * ratio));
  const raster = makeRaster(width, height);
  const { across, down } = stretches(view, sheet, ratio);
  drawMatrix(raster, props.pyramid, across, down, scaleTable(props.theme, props.scale, props.keys));
  const context = putRaster(canvas, raster);
  const cell = Math.min(sheet.cellWidth, sheet.cellHeight) * view.zoom;
  if (context === null || !props.numbers || cell < NUMBER_CELL) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  writeNumbers(context, props);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

export function MatrixCanvas(props: MatrixCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { pyramid, sheet, view, theme, scale, keys, numbers, onDrawn } = props;
  useLayoutEffect(() => {
    paint(canvas.current!, props);
    onDrawn();
  }, [pyramid, sheet, view, theme, scale, keys, numbers, onDrawn]);
  const size = { width: `${pictureWidth(sheet)}px`, height: `${pictureHeight(sheet)}px` };
  return <canvas ref={canvas} role="img" aria-label={props.label} style={size} />;
}

/** The colours of a scale, left to right, for the legend. */
export function scaleGradient(theme: Theme, scale: ColourScale): string {
  const colours = legendTable(theme, scale);
  const stops = Array.from({ length: 17 }, (_, i) =>
    cssOf(rgbOfPixel(colours[Math.round(255 * (i / 16))]!)),
  );
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
