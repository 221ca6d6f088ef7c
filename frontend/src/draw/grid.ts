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
  /** Of heads; more than one where a layer has more of them than stand on a line. */
  readonly lines: number;
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

/** A row whose lines are of their own height; `pitch` is that of one line. */
export type RowShape = Pick<GridRow, "pitch" | "isFolded"> & { readonly parts: RowParts };

export interface GridHeading {
  readonly text: string;
  readonly top: number;
}

/** Lengths are CSS pixels. */
export interface GridSizes {
  readonly pitchX: number;
  /** Of a line of heads. */
  readonly pitchY: number;
  /** Heads of a layer on one line, the others on lines under it; without it all of them. */
  readonly perLine?: number;
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
  /** Of a layer's heads on several lines: a column is no head's number. */
  readonly isWrapped: boolean;
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
  const perLine = parts.perLine ?? Infinity;
  const columns = Math.min(perLine, Math.max(0, ...layers.map((layer) => layer.heads)));
  const across = columns * parts.pitchX;
  const meanX = hasMean ? across + MEAN_GAP : null;
  const end = meanX === null ? across - parts.pitchX : meanX;
  const usual = { pitch: parts.pitchY, isFolded: false };
  const size = ({ layer, heads }: GridLayer): Placed => {
    const shape = shaped?.get(layer) ?? usual;
    const lines = Math.max(1, Math.ceil(heads / perLine));
    return { ...shape, lines, pitch: lines * shape.pitch };
  };
  const stacked = stack(bare, names, size, noteAfter);
  return {
    ...parts,
    ...stacked,
    isWrapped: stacked.rows.some(({ lines }) => lines > 1),
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

type Placed = Pick<GridRow, "pitch" | "lines" | "isFolded" | "parts">;

function stack(
  bare: readonly GridLayer[],
  names: readonly Heading[],
  size: (layer: GridLayer) => Placed,
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
    const placed = { ...row, ...size(row), top };
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
  const { width } = layout.cell;
  const { height } = rowParts(layout, row);
  if (head === MEAN) {
    return layout.meanX === null ? null : { x: layout.meanX, y: row.top, width, height };
  }
  const at = row.order.indexOf(head);
  if (at === -1) return null;
  const [line, column] = [Math.floor(at / layout.columns), at % layout.columns];
  const y = row.top + line * linePitch(row);
  return { x: column * layout.pitchX, y, width, height };
}

/** From the top of a row's line of heads to that of the next one. */
export function linePitch({ pitch, lines }: Pick<GridRow, "pitch" | "lines">): number {
  return pitch / lines;
}

/** The cell whose share of the grid, gaps included, holds a point; null outside. */
export function cellAt(layout: GridLayout, x: number, y: number): Cell | null {
  const row = layout.rows.find(({ top, pitch }) => y >= top && y < top + pitch);
  if (row === undefined || x < 0) return null;
  const { meanX } = layout;
  if (meanX !== null && x >= meanX && x < meanX + layout.cell.width) {
    return { layer: row.layer, head: MEAN };
  }
  const column = Math.floor(x / layout.pitchX);
  const line = Math.floor((y - row.top) / linePitch(row));
  const head = column < layout.columns ? row.order[line * layout.columns + column] : undefined;
  return head === undefined ? null : { layer: row.layer, head };
}

export type Direction = "left" | "right" | "up" | "down" | "rowStart" | "rowEnd";

/** The head next to another in the grid as it is shown; the same head at an edge. */
export function neighbour(layout: GridLayout, cell: Cell, direction: Direction): Cell {
  const row = layout.rows.find(({ layer }) => layer === cell.layer);
  if (row === undefined) return cell;
  const at = row.order.indexOf(cell.head);
  if (direction === "down" || direction === "up") {
    return acrossLines(layout, cell, at, direction === "down" ? 1 : -1);
  }
  const across = direction === "right" ? 1 : direction === "left" ? -1 : 0;
  const wanted =
    direction === "rowStart" ? 0 : direction === "rowEnd" ? row.heads - 1 : at + across;
  return { layer: cell.layer, head: nearest(row.order, wanted) ?? cell.head };
}

/** On the line below or above, of the same layer or the next. */
function acrossLines(layout: GridLayout, cell: Cell, at: number, down: 1 | -1): Cell {
  const lines = layout.rows.flatMap(({ layer, order, lines: count }) =>
    Array.from({ length: count }, (_, line) => ({
      layer,
      heads: order.slice(line * layout.columns, (line + 1) * layout.columns),
    })),
  );
  const from = lines.findIndex(
    ({ layer, heads }) => layer === cell.layer && heads.includes(cell.head),
  );
  const line = nearest(lines, from + down)!;
  const head = nearest(line.heads, at % layout.columns);
  return head === undefined ? cell : { layer: line.layer, head };
}

function nearest<T>(list: readonly T[], at: number): T | undefined {
  return list[Math.min(list.length - 1, Math.max(0, at))];
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
