/** Layers with their heads and the room there is → where every head's cell lies, and which head lies at a point. */
import type { Box } from "./raster";

/** One row of the grid: a layer, and under which heading it stands ("" for none). */
export interface GridLayer {
  readonly layer: number;
  readonly heads: number;
  readonly group: string;
  /** As the model counts the layers of the group; without it the layer's own. */
  readonly number?: number;
  /** Heads from left to right. */
  readonly order: readonly number[];
}

export interface GridRow extends GridLayer {
  readonly top: number;
}

export interface GridHeading {
  readonly text: string;
  readonly top: number;
}

/** Lengths are CSS pixels; the origin is the corner of the first cell. */
export interface GridLayout {
  readonly pitchX: number;
  readonly pitchY: number;
  readonly cell: { readonly width: number; readonly height: number };
  readonly sparkTop: number;
  readonly sparkHeight: number;
  readonly markHeight: number;
  /** Of the line below the marks for a head's number; 0 where it stands elsewhere. */
  readonly numberHeight: number;
  /** Left edge of the column of means, or null where there is none. */
  readonly meanX: number | null;
  readonly columns: number;
  readonly rows: readonly GridRow[];
  readonly headings: readonly GridHeading[];
  readonly width: number;
  readonly height: number;
}

export interface Cell {
  readonly layer: number;
  readonly head: number;
}

/** Stands for the mean over the heads of a layer where a head number is expected. */
export const MEAN = -1;

export const HEADING_HEIGHT = 24;
const CELL = 42;
const MEAN_GAP = 8;
const LARGEST_PITCH = 80;
const SMALLEST_PITCH = 40;
/** Of the line for a head's number under its cell, where there is one. */
export const NUMBER_HEIGHT = 15;

export interface GridRoom {
  /** Height for the rows; they get a pitch between 40 and 80 that fills it, and scroll below that. */
  readonly height: number;
  readonly width: number;
  readonly pitchX: number;
  /** A line under each cell for the head's number, needed when heads are sorted. */
  readonly numbered: boolean;
  /** The cell is a head's pattern with its history below, or its history alone. */
  readonly content?: "pattern" | "history";
}

export function gridLayout(layers: readonly GridLayer[], room: GridRoom): GridLayout {
  const { rows: bare, headings: names } = gather(layers);
  const free = Math.floor((room.height - names.length * HEADING_HEIGHT) / Math.max(1, bare.length));
  const pitch = Math.min(LARGEST_PITCH, Math.max(SMALLEST_PITCH, free));
  const parts = room.content === "history" ? historyParts(pitch) : cellParts(pitch, room.numbered);
  const columns = Math.max(0, ...layers.map((layer) => layer.heads));
  const across = columns * room.pitchX;
  const withMean = across + MEAN_GAP + CELL;
  const hasMean = columns > 1 && (withMean <= room.width || across > room.width);
  const { rows, headings, height } = stack(bare, names, parts.pitchY);
  return {
    ...parts,
    pitchX: room.pitchX,
    meanX: hasMean ? across + MEAN_GAP : null,
    columns,
    rows,
    headings,
    width: hasMean ? withMean : across - room.pitchX + CELL,
    height,
  };
}

type Parts = Pick<
  GridLayout,
  "pitchY" | "cell" | "sparkTop" | "sparkHeight" | "markHeight" | "numberHeight"
>;

/** A line of text, the history, and the marks below it. */
function historyParts(pitchY: number): Parts {
  const isTall = pitchY >= 52;
  const sparkTop = isTall ? 17 : 13;
  const markHeight = isTall ? 8 : 6;
  const height = pitchY - (pitchY >= 64 ? 8 : 2);
  return {
    pitchY,
    cell: { width: CELL, height },
    sparkTop,
    sparkHeight: height - sparkTop - markHeight,
    markHeight,
    numberHeight: 0,
  };
}

function cellParts(pitch: number, numbered: boolean): Parts {
  const sparkHeight = pitch >= 64 ? 17 : pitch >= 52 ? 11 : 7;
  const markHeight = pitch >= 52 ? 4 : 3;
  const cellHeight = Math.min(CELL, pitch - sparkHeight - markHeight - 5);
  const sparkTop = cellHeight + 2;
  const used = sparkTop + sparkHeight + markHeight;
  const pitchY = numbered ? Math.max(pitch, used + NUMBER_HEIGHT) : pitch;
  return {
    pitchY,
    cell: { width: CELL, height: cellHeight },
    sparkTop,
    sparkHeight,
    markHeight,
    numberHeight: numbered ? NUMBER_HEIGHT : 0,
  };
}

interface Heading {
  readonly text: string;
  readonly beforeRow: number;
}

/** Rows of one group stand together under its heading; groups in the order in which they first appear. */
function gather(layers: readonly GridLayer[]): { rows: GridLayer[]; headings: Heading[] } {
  const groups = [...new Set(layers.map((layer) => layer.group))];
  const rows: GridLayer[] = [];
  const headings: Heading[] = [];
  for (const group of groups) {
    if (group !== "") headings.push({ text: group, beforeRow: rows.length });
    rows.push(...layers.filter((layer) => layer.group === group));
  }
  return { rows, headings };
}

function stack(
  bare: readonly GridLayer[],
  names: readonly Heading[],
  pitchY: number,
): Pick<GridLayout, "rows" | "headings" | "height"> {
  const headings: GridHeading[] = [];
  let top = 0;
  const rows = bare.map((row, at) => {
    const name = names.find(({ beforeRow }) => beforeRow === at);
    if (name !== undefined) {
      headings.push({ text: name.text, top });
      top += HEADING_HEIGHT;
    }
    const placed = { ...row, top };
    top += pitchY;
    return placed;
  });
  return { rows, headings, height: top };
}

/** The picture of one head (or MEAN), without its sparkline; null where the grid has no such cell. */
export function cellBox(layout: GridLayout, { layer, head }: Cell): Box | null {
  const row = layout.rows.find((candidate) => candidate.layer === layer);
  if (row === undefined) return null;
  const column = row.order.indexOf(head);
  const x = head === MEAN ? layout.meanX : column === -1 ? null : column * layout.pitchX;
  return x === null ? null : { x, y: row.top, ...layout.cell };
}

/** The cell whose share of the grid, gaps included, holds a point; null outside. */
export function cellAt(layout: GridLayout, x: number, y: number): Cell | null {
  const row = layout.rows.find(({ top }) => y >= top && y < top + layout.pitchY);
  if (row === undefined || x < 0) return null;
  const { meanX } = layout;
  if (meanX !== null && x >= meanX && x < meanX + layout.cell.width) {
    return { layer: row.layer, head: MEAN };
  }
  const head = row.order[Math.floor(x / layout.pitchX)];
  return head === undefined ? null : { layer: row.layer, head };
}

export type Direction = "left" | "right" | "up" | "down" | "rowStart" | "rowEnd";

/** The head next to another in the grid as it is shown; the same head at an edge. */
export function neighbour(layout: GridLayout, cell: Cell, direction: Direction): Cell {
  const at = layout.rows.findIndex(({ layer }) => layer === cell.layer);
  if (at === -1) return cell;
  const down = direction === "down" ? 1 : direction === "up" ? -1 : 0;
  const row = layout.rows[Math.min(layout.rows.length - 1, Math.max(0, at + down))]!;
  const column = layout.rows[at]!.order.indexOf(cell.head);
  const across = direction === "right" ? 1 : direction === "left" ? -1 : 0;
  const wanted =
    direction === "rowStart" ? 0 : direction === "rowEnd" ? row.heads - 1 : column + across;
  const head = row.order[Math.min(row.order.length - 1, Math.max(0, wanted))];
  return head === undefined ? cell : { layer: row.layer, head };
}

/** Head numbers by falling value; heads without a value last, equal ones by number. */
export function sortHeads(heads: number, value: (head: number) => number): number[] {
  const values = Array.from({ length: heads }, (_, head) => value(head));
  const rank = (head: number): number => (Number.isNaN(values[head]!) ? -Infinity : values[head]!);
  return [...values.keys()].sort((a, b) => rank(b) - rank(a) || a - b || 0);
}

/** Heads as they are numbered. */
export function headsInOrder(heads: number): number[] {
  return Array.from({ length: heads }, (_, head) => head);
}
