/** Thumbnails, histories and a grid layout → pixels of the part of the grid of heads that a window shows. */
import type { Thumbnails } from "../decoding/decode";
import { pixelOf, rgbOf, runColour, sequentialTable, themePixel, type Theme } from "./colour";
import { intersects } from "./canvas_window";
import { cellBox, MEAN, rowParts, type Cell, type GridLayout, type GridRow } from "./grid";
import { drawHeatmap, meanCodes, type Codes } from "./heatmap";
import type { Histories } from "./histories";
import { drawLineCell } from "./line_cell";
import { fadeTable, fillBox, mixPixels, type Box, type Raster } from "./raster";
import { drawPeak } from "./spark_marks";
import { drawSparkline, drawStepMark, type SparklineStyle } from "./sparkline";

export interface HeadsScene {
  /** Null draws every cell empty, as for a step that cannot be read. */
  readonly thumbnails: Thumbnails | null;
  readonly style: "heat" | "lines";
  readonly histories: Histories | null;
  readonly step: number;
  readonly isDamaged: boolean;
  readonly isDim: (layer: number, head: number) => boolean;
  /** Heads with weights that are not numbers: crossed out, as nothing is no zero. */
  readonly isBroken?: (layer: number, head: number) => boolean;
  /** Layers whose cells are left for something else; their histories are drawn. */
  readonly isLeft?: (layer: number) => boolean;
}

/** Colours of one theme at one pixel ratio, set up once. */
export interface HeadsInk {
  readonly background: number;
  readonly codes: Uint32Array;
  readonly dimCodes: Uint32Array;
  readonly line: SparklineStyle;
  readonly dimLine: SparklineStyle;
  readonly mark: number;
  readonly damagedMark: number;
  readonly changeMark: number;
  readonly scale: number;
}

const DIM_SHARE = 0.25;
const THIN_SHARE = 0.6;

export function headsInk(theme: Theme, scale: number): HeadsInk {
  const background = themePixel("background", theme);
  const bold = pixelOf(rgbOf(runColour(0, theme)));
  const baseline = themePixel("hairline", theme);
  const codes = sequentialTable(theme);
  const fade = (colour: number, share: number): number => mixPixels(background, colour, share);
  const thin = fade(bold, THIN_SHARE);
  return {
    background,
    codes,
    dimCodes: fadeTable(codes, background, DIM_SHARE),
    line: { thin, bold, baseline, scale },
    dimLine: { thin: fade(thin, DIM_SHARE), bold: fade(bold, DIM_SHARE), baseline, scale },
    mark: themePixel("accent", theme),
    damagedMark: themePixel("error", theme),
    changeMark: themePixel("text", theme),
    scale,
  };
}

/** A raster that stands for a window of the grid; the window in CSS pixels. */
export interface Target {
  readonly raster: Raster;
  readonly window: Box;
}

/** Draws the given rows of the grid, as far as the window shows them; kept cells stay as they are, above what changes. */
export function drawRows(
  target: Target,
  layout: GridLayout,
  rows: readonly GridRow[],
  scene: HeadsScene,
  ink: HeadsInk,
  areCellsKept = false,
): void {
  const { raster, window } = target;
  const hasMean = layout.meanX !== null && scene.thumbnails !== null;
  for (const row of rows) {
    const kept = areCellsKept ? rowParts(layout, row).height : 0;
    const band = { x: window.x, y: row.top + kept, width: window.width, height: row.pitch - kept };
    fillBox(raster, deviceBox(band, window, ink.scale), ink.background);
    const isLeft = scene.isLeft?.(row.layer) === true;
    for (const head of hasMean ? [...row.order, MEAN] : row.order) {
      const box = cellBox(layout, { layer: row.layer, head })!;
      const whole = { ...box, height: row.pitch };
      if (!intersects(whole, window)) continue;
      const isDim = head !== MEAN && scene.isDim(row.layer, head);
      if (!isLeft && !areCellsKept)
        drawPattern(target, box, { layer: row.layer, head, isDim }, scene, ink);
      drawHistory(target, layout, box, { layer: row.layer, head, isDim }, scene, ink);
    }
  }
}

/** Rows that a box of the grid touches. */
export function rowsIn(layout: GridLayout, box: Box): GridRow[] {
  return layout.rows.filter(({ top, pitch }) => top < box.y + box.height && top + pitch > box.y);
}

interface DrawnHead extends Cell {
  readonly isDim: boolean;
}

function drawPattern(
  { raster, window }: Target,
  cell: Box,
  { layer, head, isDim }: DrawnHead,
  scene: HeadsScene,
  ink: HeadsInk,
): void {
  const box = deviceBox(cell, window, ink.scale);
  const colours = isDim ? ink.dimCodes : ink.codes;
  const codes = scene.thumbnails === null ? null : headCodes(scene.thumbnails, layer, head);
  if (codes === null) fillBox(raster, box, colours[0]!);
  else if (scene.style === "lines") drawLineCell(raster, box, codes, colours);
  else drawHeatmap(raster, box, codes, colours);
  if (scene.isBroken?.(layer, head) === true) drawCross(raster, box, ink.damagedMark, ink.scale);
}

/** From corner to corner. */
export function drawCross(raster: Raster, box: Box, colour: number, scale: number): void {
  const side = Math.max(1, Math.round(scale));
  for (let at = 0; at < box.width; at++) {
    const down = Math.round((at * (box.height - side)) / Math.max(1, box.width - 1));
    const dot = { x: box.x + Math.min(at, box.width - side), width: side, height: side };
    fillBox(raster, { ...dot, y: box.y + down }, colour);
    fillBox(raster, { ...dot, y: box.y + box.height - side - down }, colour);
  }
}

function drawHistory(
  { raster, window }: Target,
  layout: GridLayout,
  cell: Box,
  { layer, head, isDim }: DrawnHead,
  { histories, step, isDamaged }: HeadsScene,
  ink: HeadsInk,
): void {
  if (histories === null || layout.sparkHeight === 0) return;
  const y = cell.y + layout.sparkTop;
  const width = layout.sparkWidth ?? cell.width;
  const lineBox = deviceBox({ x: cell.x, y, width, height: layout.sparkHeight }, window, ink.scale);
  const line = histories.line(layer, head);
  drawSparkline(raster, lineBox, line, isDim ? ink.dimLine : ink.line);
  const below = { x: cell.x, y: y + layout.sparkHeight, width, height: layout.markHeight };
  const colour = isDamaged ? ink.damagedMark : ink.mark;
  const markBox = deviceBox(below, window, ink.scale);
  drawStepMark(raster, markBox, histories.place(step), colour, ink.scale);
  const changed = line.places[line.boldFrom];
  if (changed !== undefined && layout.sparkWidth !== undefined)
    drawPeak(raster, markBox, changed, ink.changeMark);
}

const means = new WeakMap<Thumbnails, Map<number, Uint8Array>>();

/** Where the codes of a head lie, or the mean over a layer's heads; null where there are none. */
export function headCodes(thumbnails: Thumbnails, layer: number, head: number): Codes | null {
  const size = thumbnails.layers[layer];
  if (size === undefined || size.height * size.width === 0) return null;
  const { heads, height: rows, width: columns, offset } = size;
  if (head >= heads) return null;
  if (head !== MEAN) {
    return { codes: thumbnails.codes, offset: offset + head * rows * columns, rows, columns };
  }
  const known = means.get(thumbnails) ?? new Map<number, Uint8Array>();
  means.set(thumbnails, known);
  const codes = known.get(layer) ?? meanCodes(thumbnails.codes, offset, heads, rows * columns);
  known.set(layer, codes);
  return { codes, offset: 0, rows, columns };
}

/** A box of the grid in device pixels of a window, its edges on whole pixels. */
export function deviceBox(box: Box, window: Box, scale: number): Box {
  const x = Math.round((box.x - window.x) * scale);
  const y = Math.round((box.y - window.y) * scale);
  return {
    x,
    y,
    width: Math.round((box.x + box.width - window.x) * scale) - x,
    height: Math.round((box.y + box.height - window.y) * scale) - y,
  };
}
