/** A grid of heads and what is drawn in its cells → its picture as data. */

import { cellBox, type GridLayout, HEADING_HEIGHT, MEAN, rowParts } from "../../draw/grid";
import { moveShape, papers, type Picture, type Shape } from "../../draw/picture";
import { makeRaster } from "../../draw/raster";
import type { Theme } from "../../state";
import type { Paint } from "./canvas_painter";
import { headNumber, type LayerShape } from "./grid_layers";

export interface GridPicture {
  layout: GridLayout;
  shapes: readonly LayerShape[];
  title: string;
  /** Over the columns in place of numbers; then each cell has its number. */
  caption: string | null;
  /** Over the column beside the heads; "mean" without it. */
  meanName?: string;
  theme: Theme;
  /** In the grid's coordinates. */
  content: readonly Shape[];
}

const EDGE = 16;
const LEFT = 48;
const TOP = 76;
const SCALE = 2;

/** What the view paints, as pixels. */
export function paintedGrid(layout: GridLayout, paint: Paint): Shape {
  const { width, height } = layout;
  const raster = makeRaster(Math.ceil(width * SCALE), Math.ceil(height * SCALE));
  const window = { x: 0, y: 0, width: raster.width / SCALE, height: raster.height / SCALE };
  paint({ raster, window }, layout, layout.rows, SCALE);
  return { kind: "cells", ...window, raster };
}

const moved = (shape: Shape): Shape => moveShape(shape, LEFT, TOP);

function columnLabels(
  { layout, caption, meanName = "mean" }: GridPicture,
  colour: string,
): Shape[] {
  const look = { kind: "text", y: TOP - 10, colour, size: 12 } as const;
  const half = layout.cell.width / 2;
  const mean: Shape[] =
    layout.meanX === null
      ? []
      : [{ ...look, x: LEFT + layout.meanX + half, text: meanName, anchor: "middle" }];
  if (caption !== null) return [{ ...look, x: LEFT, text: caption }, ...mean];
  const every = Math.max(1, Math.ceil(22 / layout.pitchX));
  const numbers = Array.from({ length: Math.ceil(layout.columns / every) }, (_, at): Shape => {
    const column = at * every;
    const x = LEFT + column * layout.pitchX + half;
    return { ...look, x, text: String(column), anchor: "middle" };
  });
  return [...numbers, ...mean];
}

function headLabels({ layout, shapes, caption }: GridPicture, colour: string): Shape[] {
  if (caption === null) return [];
  return layout.rows.flatMap(({ layer, order }) =>
    order.map((head): Shape => {
      const box = cellBox(layout, { layer, head })!;
      const y = layout.numberHeight > 0 ? box.y + layout.pitchY - 4 : box.y + 11;
      const text = String(headNumber(shapes[layer], head));
      return {
        kind: "text",
        x: box.x + box.width / 2,
        y,
        text,
        anchor: "middle",
        size: 11,
        colour,
      };
    }),
  );
}

function layerLabels({ layout }: GridPicture, colour: string): Shape[] {
  const every = Math.max(1, Math.ceil(14 / layout.pitchY));
  const rows = layout.rows
    .filter((_, at) => at % every === 0)
    .map((row): Shape => {
      const { layer, top } = row;
      const y = TOP + top + rowParts(layout, row).height / 2 + 4;
      return {
        kind: "text",
        x: LEFT - 10,
        y,
        text: String(layer),
        anchor: "end",
        size: 12,
        colour,
      };
    });
  const headings = layout.headings.map(({ text, top }): Shape => {
    return { kind: "text", x: EDGE, y: TOP + top + HEADING_HEIGHT - 8, text, isBold: true };
  });
  return [...rows, ...headings];
}

export function gridPicture(of: GridPicture): Picture {
  const { layout, theme, title, content } = of;
  const { second, ...paper } = papers[theme];
  return {
    ...paper,
    width: Math.max(480, LEFT + layout.width + EDGE),
    height: TOP + layout.height + EDGE,
    shapes: [
      { kind: "text", x: EDGE, y: 30, text: title, size: 16, isBold: true },
      ...content.map(moved),
      ...columnLabels(of, second),
      ...headLabels(of, second).map(moved),
      ...layerLabels(of, second),
    ],
  };
}

/** Heads of a grid, and the mean of a layer where the grid has a place for it. */
export function* cellsOf(layout: GridLayout): Generator<{ layer: number; head: number }> {
  for (const { layer, order } of layout.rows) {
    for (const head of order) yield { layer, head };
    if (layout.meanX !== null) yield { layer, head: MEAN };
  }
}
