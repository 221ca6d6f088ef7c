/** Histories of every head over one another → pixels of the part of the grid that a window shows. */

import { intersects } from "./canvas_window";
import { pixelOf, rgbOf, runColour, sequentialTable, themePixel, type Theme } from "./colour";
import { cellBox, MEAN, rowParts, type RowParts, type GridLayout, type GridRow } from "./grid";
import { deviceBox, type Target } from "./heads_picture";
import { MOST_BANDS, type GroupHistories } from "./group_histories";
import type { Histories } from "./histories";
import { fillBox, fillRounded, mixPixels, type Box, type Raster } from "./raster";
import { drawDot, drawDotted, drawTriangle, drawUpright } from "./spark_marks";
import { drawBand, drawHistoryLine, drawSparkline, drawStepMark } from "./sparkline";
import type { ColourName } from "./theme";

export interface RunHistories {
  readonly histories: Histories;
  /** Index of the run among all, for its colour. */
  readonly run: number;
}

export interface EvolutionScene {
  /** The selected run's. */
  readonly main: RunHistories;
  /** Drawn below it; null for a run whose series has no such metric. */
  readonly others: readonly RunHistories[];
  /** Of runs that are too many for a line each: drawn in the place of the others. */
  readonly groups: readonly GroupHistories[];
  /** One of the runs: over the others, which fade. */
  readonly raised: RunHistories | null;
  readonly step: number | null;
  /** Height of the uniform baseline in a layer's cells, 0..1; NaN for none. */
  readonly baseline: (layer: number) => number;
  readonly hasMarks: boolean;
  /** Colour of a head that is in the chart, or null. */
  readonly chosen: (layer: number, head: number) => string | null;
}

export interface EvolutionInk {
  readonly theme: Theme;
  readonly scale: number;
  readonly background: number;
  readonly hover: number;
  readonly hairline: number;
  readonly rule: number;
  readonly dotted: number;
  readonly text: number;
  readonly pointer: number;
  readonly accent: number;
}

export function evolutionInk(theme: Theme, scale: number): EvolutionInk {
  const pixel = (name: ColourName): number => themePixel(name, theme);
  return {
    theme,
    scale,
    background: pixel("background"),
    hover: pixel("hover"),
    hairline: pixel("border"),
    rule: pixel("hairline"),
    dotted: pixel("quiet"),
    text: pixel("text"),
    pointer: pixel("pointer"),
    accent: pixel("accent"),
  };
}

const THIN_SHARE = 0.75;
/** Of the lines beside a raised one. */
const FADED_SHARE = 0.3;
const CHOSEN_EDGE = 2;
/** In lower cells it would touch the history. */
const ROOM_FOR_EDGE = 30;
/** Histories from this height on have rules, and the marks of changes at their top. */
export const TALL = 60;
const STRIP_RADIUS = 2;
const TRIANGLE_HEIGHT = 5;

/** Calls `draw` for every cell of the rows that the window shows. */
function eachCell(
  { window }: Target,
  layout: GridLayout,
  rows: readonly GridRow[],
  draw: (cell: Box, row: GridRow, head: number) => void,
): void {
  for (const row of rows)
    for (const head of layout.meanX === null ? row.order : [...row.order, MEAN]) {
      const cell = cellBox(layout, { layer: row.layer, head })!;
      if (intersects({ ...cell, height: row.pitch }, window)) draw(cell, row, head);
    }
}

function clearRows(
  { raster, window }: Target,
  rows: readonly GridRow[],
  colour: number,
  scale: number,
): void {
  for (const { top, pitch } of rows) {
    const band = { x: window.x, y: top, width: window.width, height: pitch };
    fillBox(raster, deviceBox(band, window, scale), colour);
  }
}

function partBox(cell: Box, top: number, height: number): Box {
  return { x: cell.x, y: cell.y + top, width: cell.width, height };
}

export function drawEvolutionRows(
  target: Target,
  layout: GridLayout,
  rows: readonly GridRow[],
  scene: EvolutionScene,
  ink: EvolutionInk,
): void {
  clearRows(target, rows, ink.background, ink.scale);
  eachCell(target, layout, rows, (cell, row, head) => {
    if (row.isFolded) return;
    const place = { layer: row.layer, head, parts: rowParts(layout, row) };
    drawChosen(target, cell, scene.chosen(row.layer, head), ink);
    drawHistories(target, cell, place, scene, ink);
    drawMarks(target, cell, place, scene, ink);
  });
}

function drawChosen(target: Target, cell: Box, colour: string | null, ink: EvolutionInk): void {
  if (colour === null) return;
  const wide = { ...cell, x: cell.x - 2, width: cell.width + 4 };
  const edge = { ...wide, height: CHOSEN_EDGE };
  fillBox(target.raster, deviceBox(wide, target.window, ink.scale), ink.hover);
  if (cell.height < ROOM_FOR_EDGE) return;
  fillBox(target.raster, deviceBox(edge, target.window, ink.scale), pixelOf(rgbOf(colour)));
}

interface Place {
  readonly layer: number;
  readonly head: number;
  readonly parts: RowParts;
}

function drawHistories(
  { raster, window }: Target,
  cell: Box,
  { layer, head, parts }: Place,
  { main, others, groups, raised, baseline }: EvolutionScene,
  ink: EvolutionInk,
): void {
  const { scale } = ink;
  const box = deviceBox(partBox(cell, parts.sparkTop, parts.sparkHeight), window, scale);
  if (parts.sparkHeight >= TALL) drawRules(raster, box, ink);
  const uniform = baseline(layer);
  const isGrouped = groups.length > 0;
  const strength = raised === null ? 1 : FADED_SHARE;
  const style = isGrouped ? ownStyle(ink, strength) : lineStyle(main.run, ink, strength);
  const own = main.histories.line(layer, head);
  const line = isGrouped ? { ...own, boldFrom: -1 } : own;
  drawSparkline(raster, box, { ...line, values: new Float32Array(0) }, style);
  if (!Number.isNaN(uniform)) drawDotted(raster, box, uniform, ink.dotted, scale);
  if (isGrouped)
    drawGroups(raster, box, { layer, head }, groups, (run) => lineStyle(run, ink, strength));
  for (const other of isGrouped ? [] : others) {
    const thin = { ...other.histories.line(layer, head), boldFrom: -1 };
    drawHistoryLine(raster, box, thin, lineStyle(other.run, ink, strength));
  }
  drawHistoryLine(raster, box, line, style);
  if (raised !== null) {
    const bold = { ...raised.histories.line(layer, head), boldFrom: 0 };
    drawHistoryLine(raster, box, bold, isGrouped ? ownStyle(ink) : lineStyle(raised.run, ink));
  }
  if (line.values.length === 1 && !Number.isNaN(line.values[0]!))
    drawDot(raster, box, line.places[0]!, line.values[0]!, {
      radius: 2 * scale,
      colour: style.bold,
    });
}

/** Bands lie below all medians. */
function drawGroups(
  raster: Raster,
  box: Box,
  { layer, head }: Pick<Place, "layer" | "head">,
  groups: readonly GroupHistories[],
  styleOf: (run: number) => ReturnType<typeof lineStyle>,
): void {
  const drawn = groups.map((group) => ({
    lines: group.lines(layer, head),
    style: styleOf(group.run),
  }));
  if (drawn.length <= MOST_BANDS)
    for (const { lines, style } of drawn) drawBand(raster, box, lines, style.bold);
  for (const { lines, style } of drawn) drawHistoryLine(raster, box, lines.median, style);
}

/** Of the selected run among groups. */
function ownStyle(
  { text, background, hairline, scale }: EvolutionInk,
  strength = 1,
): ReturnType<typeof lineStyle> {
  const ink = mixPixels(background, text, strength);
  return { thin: ink, bold: ink, baseline: hairline, scale };
}

function lineStyle(
  run: number,
  { theme, background, hairline, scale }: EvolutionInk,
  strength = 1,
): Parameters<typeof drawSparkline>[3] {
  const full = pixelOf(rgbOf(runColour(run, theme)));
  const ink = (share: number): number => mixPixels(background, full, share * strength);
  return { thin: ink(THIN_SHARE), bold: ink(1), baseline: hairline, scale };
}

/** Under the baseline the slider's step; there, or over a tall history, where the head's lasting change begins. */
function drawMarks(
  { raster, window }: Target,
  cell: Box,
  { layer, head, parts }: Place,
  { main, step, hasMarks }: EvolutionScene,
  ink: EvolutionInk,
): void {
  const top = parts.sparkTop + parts.sparkHeight;
  const { histories } = main;
  if (step !== null) {
    const part = partBox(cell, top, parts.markHeight - 3);
    const box = deviceBox(part, window, ink.scale);
    drawStepMark(raster, box, histories.place(step), ink.accent, ink.scale);
  }
  const change = hasMarks ? histories.change(layer, head) : null;
  if (change === null) return;
  const at = histories.place(change.step);
  const isTall = parts.sparkHeight >= TALL;
  const place = isTall ? parts.sparkTop - TRIANGLE_HEIGHT - 1 : top + 1;
  const part = partBox(cell, place, TRIANGLE_HEIGHT);
  drawTriangle(raster, deviceBox(part, window, ink.scale), at, ink.text);
  if (!isTall) return;
  const inside = deviceBox(partBox(cell, parts.sparkTop, parts.sparkHeight), window, ink.scale);
  drawUpright(raster, inside, at, ink.text, ink.scale, true);
}

/** At the top and in the middle of a tall cell, for the axis at its left. */
function drawRules(raster: Raster, box: Box, { rule, scale }: EvolutionInk): void {
  const height = Math.max(1, Math.round(scale));
  for (const y of [box.y, box.y + Math.round((box.height - height) / 2)])
    fillBox(raster, { ...box, y, height }, rule);
}

export interface PointedScene {
  readonly histories: Histories;
  /** Under the pointer, or null. */
  readonly pointed: number | null;
  /** What folded rows show: the pointed step, else the slider's. */
  readonly read: number | null;
}

/** Colour of a value in a row that is a strip: its height on the scale; null without one. */
export function stripColour(histories: Histories, value: number, theme: Theme): number | null {
  if (Number.isNaN(value)) return null;
  const height = Math.min(1, Math.max(0, histories.height(value)));
  return sequentialTable(theme)[Math.round(255 * Math.sqrt(height))]!;
}

/** The pointed step in every cell: an upright line, and a dot on the line; folded rows in colours. */
export function drawPointedStep(
  target: Target,
  layout: GridLayout,
  rows: readonly GridRow[],
  { histories, pointed, read }: PointedScene,
  ink: EvolutionInk,
): void {
  clearRows(target, rows, 0, ink.scale);
  const place = pointed === null ? 0 : histories.place(pointed);
  const dot = { radius: 1.75 * ink.scale, colour: ink.text };
  eachCell(target, layout, rows, (cell, row, head) => {
    const { sparkTop, sparkHeight } = rowParts(layout, row);
    const box = deviceBox(partBox(cell, sparkTop, sparkHeight), target.window, ink.scale);
    if (row.isFolded) {
      const value = read === null ? NaN : histories.at(read, row.layer, head);
      const colour = stripColour(histories, value, ink.theme);
      const radius = STRIP_RADIUS * ink.scale;
      if (colour !== null) fillRounded(target.raster, box, colour, radius);
      return;
    }
    if (pointed === null) return;
    drawUpright(target.raster, box, place, ink.pointer, ink.scale);
    const value = histories.at(pointed, row.layer, head);
    if (!Number.isNaN(value)) drawDot(target.raster, box, place, histories.height(value), dot);
  });
}
