/** The whole matrix, small, with a frame around what is in view; a click moves the view there. */

import type { TargetedPointerEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { drawMatrix } from "../../draw/matrix";
import type { Pyramid } from "../../draw/pyramid";
import { scaleTable } from "../../draw/times_uniform";
import { makeRaster } from "../../draw/raster";
import { putRaster } from "../../parts/put_raster";
import { keysOfLayer, shownScale, theme } from "../../state";
import { settled, type Sheet, type Viewport } from "./viewport";

export interface MinimapProps {
  pyramid: Pyramid;
  sheet: Sheet;
  view: Viewport;
  onMove: (view: Viewport) => void;
  /** Pixel by code, where codes are not those of the root of a weight. */
  table?: Uint32Array | undefined;
}

/** Pixels of its longer side. */
const SIDE = 64;
/** A text much longer than the other stays a strip that can be seen. */
const THINNEST = 12;

function sizeOf({ rows, columns }: Sheet): { width: number; height: number } {
  const longer = Math.max(rows, columns);
  const side = (count: number): number => Math.max(THINNEST, Math.round((SIDE * count) / longer));
  return { width: side(columns), height: side(rows) };
}

export function Minimap({ pyramid, sheet, view, onMove, table }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = sizeOf(sheet);
  const colours = table ?? scaleTable(theme.value, shownScale.value, keysOfLayer.value);
  useLayoutEffect(() => {
    const ratio = window.devicePixelRatio;
    const raster = makeRaster(Math.round(width * ratio), Math.round(height * ratio));
    const stretch = (count: number, pixels: number) => ({
      start: 0,
      cellsPerPixel: count / pixels,
    });
    const { rows, columns } = pyramid[0]!;
    const across = stretch(columns, raster.width);
    drawMatrix(raster, pyramid, across, stretch(rows, raster.height), colours);
    putRaster(canvas.current!, raster);
  }, [pyramid, width, height, colours]);
  const move = (event: TargetedPointerEvent<HTMLElement>): void => {
    if (event.buttons !== 1) return;
    const box = event.currentTarget.getBoundingClientRect();
    const row = ((event.clientY - box.top) / height) * sheet.rows - sheet.rows / view.zoom / 2;
    const column =
      ((event.clientX - box.left) / width) * sheet.columns - sheet.columns / view.zoom / 2;
    onMove(settled({ zoom: view.zoom, row, column }, sheet));
  };
  const frame = {
    left: `${(width * view.column) / sheet.columns}px`,
    top: `${(height * view.row) / sheet.rows}px`,
    width: `${Math.max(3, width / view.zoom)}px`,
    height: `${Math.max(3, height / view.zoom)}px`,
  };
  return (
    <div
      class="minimap"
      style={{ width: `${width}px`, height: `${height}px` }}
      onPointerDown={move}
      onPointerMove={move}
    >
      <canvas
        ref={canvas}
        role="img"
        aria-label="The whole matrix; the frame is what is in view"
        style={{ width: `${width}px`, height: `${height}px` }}
      />
      <div class="minimap-frame" style={frame} />
    </div>
  );
}
