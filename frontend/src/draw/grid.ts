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
  /** From its top to that of the next row. */
  readonly pitch: number;
  /** A strip of values stands for its histories. */
  readonly isFolded: boolean;
  /** Of a row of its own height. */
  readonly parts?: RowParts;
}

/** What a row's cells are made of. */
export interface RowParts {
  readonly height: number;
  readonly sparkTop: number;
  readonly sparkHeight: number;
  readonly markHeight: number;
}

/** A row of its own height. */
export type RowShape = Pick<GridRow, "pitch" | "isFolded"> & { readonly parts: RowParts };

export interface GridHeading {
  readonly text: string;
  readonly top: number;
}

/** Lengths are CSS pixels. */
export interface GridSizes {
  readonly pitchX: number;
  readonly pitchY: number;
  readonly cell: { readonly width: number; readonly height: number };
  readonly sparkTop: number;
  /** 0: no history under the pattern. */
  readonly sparkHeight: number;
  /** Of a history with its value beside it, or over it where it is as wide as the cell; without it there is no value. */
  readonly sparkWidth?: number;
  readonly markHeight: number;
  /** Of the line below the marks for a head's number; 0 where it stands elsewhere. */
  readonly numberHeight: number;
  /** A column beside the heads stands for each layer's mean. */
  readonly hasMean: boolean;
  /** Right of an overview's heads, for what is said of each layer, with what parts it from them. */
  readonly beside?: number;
  /** Cells too small for a pattern: one colour a head. */
  readonly isOverview: boolean;
  /** Rows of another height, by layer. */
  readonly shaped?: ReadonlyMap<number, RowShape>;
  /** The layer under whose row there is a line of words. */
  readonly noteAfter?: number;
}

/** The origin is the corner of the first cell. */
export interface GridLayout extends Omit<GridSizes, "hasMean" | "shaped" | "noteAfter"> {
  /** Left edge of the column of means, or null where there is none. */
  readonly meanX: number | null;
  readonly columns: number;
  readonly rows: readonly GridRow[];
  readonly headings: readonly GridHeading[];
  /** Of the line of words between rows; null: there is none. */
  readonly noteTop: number | null;
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
/** Of a line of words between rows. */
export const NOTE_HEIGHT = 28;
/** Between the last head and the column of means, beside what parts all columns. */
export const MEAN_GAP = 8;
/** Of the line for a head's number under its cell, where there is one. */
export const NUMBER_HEIGHT = 15;

export function gridLayout(layers: readonly GridLayer[], sizes: GridSizes): GridLayout {
  const { hasMean, shaped, noteAfter, ...parts } = sizes;
  const { rows: bare, headings: names } = gather(layers);
  const columns = Math.max(0, ...layers.map((layer) => layer.heads));
  const across = columns * parts.pitchX;
  const meanX = hasMean ? across + MEAN_GAP : null;
  const end = meanX === null ? across - parts.pitchX : meanX;
  const usual = { pitch: parts.pitchY, isFolded: false };
  const stacked = stack(bare, names, (layer) => shaped?.get(layer) ?? usual, noteAfter);
  return {
    ...parts,
    ...stacked,
    meanX,
    columns,
    width: end + parts.cell.width + (parts.beside ?? 0),
  };
}

export function rowParts(layout: GridLayout, row: GridRow): RowParts {
  const { sparkTop, sparkHeight, markHeight } = layout;
  return row.parts ?? { height: layout.cell.height, sparkTop, sparkHeight, markHeight };
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
  size: (layer: number) => Pick<GridRow, "pitch" | "isFolded" | "parts">,
  noteAfter?: number,
): Pick<GridLayout, "rows" | "headings" | "noteTop" | "height"> {
  const headings: GridHeading[] = [];
  let top = 0;
  let noteTop: number | null = null;
  const rows = bare.map((row, at) => {
    const name = names.find(({ beforeRow }) => beforeRow === at);
    if (name !== undefined) {
      headings.push({ text: name.text, top });
      top += HEADING_HEIGHT;
    }
    const placed = { ...row, ...size(row.layer), top };
    top += placed.pitch;
    if (row.layer === noteAfter) {
      noteTop = top;
      top += NOTE_HEIGHT;
    }
    return placed;
  });
  return { rows, headings, noteTop, height: top };
}

/** The picture of one head (or MEAN), without its sparkline; null where the grid has no such cell. */
export function cellBox(layout: GridLayout, { layer, head }: Cell): Box | null {
  const row = layout.rows.find((candidate) => candidate.layer === layer);
  if (row === undefined) return null;
  const column = row.order.indexOf(head);
  const x = head === MEAN ? layout.meanX : column === -1 ? null : column * layout.pitchX;
  const { height } = rowParts(layout, row);
  return x === null ? null : { x, y: row.top, width: layout.cell.width, height };
}

/** The cell whose share of the grid, gaps included, holds a point; null outside. */
export function cellAt(layout: GridLayout, x: number, y: number): Cell | null {
  const row = layout.rows.find(({ top, pitch }) => y >= top && y < top + pitch);
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
