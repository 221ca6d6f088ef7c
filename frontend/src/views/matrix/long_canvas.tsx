/** The picture of a long head and the parts that have come → the canvas, which is never blank; what is in view is asked for. */

import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { Region } from "../../decoding/region";
import { inkOn, type Rgb } from "../../draw/colour";
import { makeRaster, type Raster } from "../../draw/raster";
import { drawTiled, partPyramid } from "../../draw/tiled";
import { putRaster } from "../../parts/put_raster";
import { longTiles, numbers, wantedTiles } from "../../state";
import { NUMBER_CELL } from "./written_numbers";
import { tilesInView } from "./tiles";
import { codeAt, weightOfCode } from "../../decoding/region";
import {
  boxOf,
  pictureHeight,
  pictureWidth,
  type Sheet,
  stretches,
  type Viewport,
} from "./viewport";

export interface LongCanvasProps {
  picture: Region;
  sheet: Sheet;
  view: Viewport;
  colours: Uint32Array;
  label: string;
  onDrawn: () => void;
  /** The record has nothing finer than the picture, or the page does not. */
  isCoarse: boolean;
}

/** Milliseconds that a view stands before its parts are asked for: the server would go on with those that a zoom passes by. */
const PAUSE = 90;

/** The smallest number that is written, in times uniform. */
export const SMALLEST_TIMES = 2;

function rgbOfPixel(pixel: number): Rgb {
  return [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
}

/** Short enough for a cell: 2.4, 31, 1.2k. */
function inCell(times: number): string {
  if (times >= 9950) return `${Math.round(times / 1000)}k`;
  if (times >= 995) return `${(times / 1000).toFixed(1)}k`;
  return times >= 9.95 ? String(Math.round(times)) : times.toFixed(1);
}

function writeNumbers(
  context: CanvasRenderingContext2D,
  { view, sheet, colours }: LongCanvasProps,
  tiles: readonly Region[],
): void {
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const tile of tiles.filter(({ cell }) => cell[0] * cell[1] === 1)) {
    const rows = [
      Math.max(tile.query[0], Math.floor(view.row)),
      Math.min(tile.query[1], view.row + sheet.rows / view.zoom),
    ];
    const columns = [
      Math.max(tile.key[0], Math.floor(view.column)),
      Math.min(tile.key[1], view.column + sheet.columns / view.zoom),
    ];
    for (let row = rows[0]!; row < rows[1]!; row++)
      for (let column = columns[0]!; column < columns[1]!; column++) {
        const code = codeAt(tile, row, column);
        const times = weightOfCode(code) * sheet.columns;
        if (times < SMALLEST_TIMES) continue;
        const { x, y, width, height } = boxOf(view, sheet, { row, column });
        context.fillStyle = inkOn(rgbOfPixel(colours[code]!));
        context.fillText(inCell(times), x + width / 2, y + height / 2 + 0.5);
      }
  }
}

/** Onto the pixels of the picture before it where they are as many: a zoom paints many. */
function paint(
  canvas: HTMLCanvasElement,
  props: LongCanvasProps,
  pyramid: ReturnType<typeof partPyramid>,
  before: Raster | null,
): Raster {
  const { picture, sheet, view, colours } = props;
  const ratio = window.devicePixelRatio;
  const [width, height] = [pictureWidth(sheet), pictureHeight(sheet)].map((each) =>
    Math.max(1, Math.round(each * ratio)),
  ) as [number, number];
  const raster = sameSize(before, width, height) ?? makeRaster(width, height);
  const tiles = [...longTiles.value.values()];
  const fine = 1 / (Math.min(sheet.cellWidth, sheet.cellHeight) * view.zoom * ratio);
  const coarser = tiles.filter(({ cell }) => cell[0] * 2 > fine || cell[0] === 1);
  drawTiled(raster, { part: picture, pyramid }, coarser, stretches(view, sheet, ratio), colours);
  const context = putRaster(canvas, raster);
  const cell = Math.min(sheet.cellWidth, sheet.cellHeight) * view.zoom;
  if (context === null || !numbers.value || cell < NUMBER_CELL) return raster;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  writeNumbers(context, props, tiles);
  context.setTransform(1, 0, 0, 1, 0, 0);
  return raster;
}

function sameSize(raster: Raster | null, width: number, height: number): Raster | null {
  if (raster?.width !== width || raster.height !== height) return null;
  raster.pixels.fill(0);
  return raster;
}

export function LongCanvas(props: LongCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { picture, sheet, view, colours, onDrawn, isCoarse } = props;
  const pyramid = useMemo(() => partPyramid(picture), [picture]);
  const raster = useRef<Raster | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => {
      wantedTiles.value = isCoarse
        ? []
        : tilesInView(view, sheet, window.devicePixelRatio, picture.cell);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [view, sheet, picture, isCoarse]);
  useEffect(
    () => () => {
      wantedTiles.value = [];
    },
    [],
  );
  useLayoutEffect(() => {
    raster.current = paint(canvas.current!, props, pyramid, raster.current);
    onDrawn();
  }, [pyramid, sheet, view, colours, numbers.value, longTiles.value, onDrawn]);
  const size = { width: `${pictureWidth(sheet)}px`, height: `${pictureHeight(sheet)}px` };
  return <canvas ref={canvas} role="img" aria-label={props.label} style={size} />;
}
