/** The view's room and a model's layers and heads → pitch and size of its cells, and how wide the panel beside them is. */

import {
  type GridSizes,
  HEADING_HEIGHT,
  MEAN_GAP,
  NUMBER_HEIGHT,
  type RowParts,
} from "../../draw/grid";

/** CSS pixels of the whole view: grid and panel. */
export interface ViewRoom {
  readonly width: number;
  readonly height: number;
  /** The narrowest that the panel may be; 0: there is none. */
  readonly side: number;
  /** What stands right of an overview is part of it: the layers' shares of roles. */
  readonly hasShares?: boolean;
}

export interface ModelShape {
  readonly layers: number;
  /** Of the widest layer. */
  readonly heads: number;
  /** Of each layer, where they differ. */
  readonly each?: readonly number[];
  readonly headings: number;
}

/** The same for all that is drawn in the cells, so that a head never moves. */
export interface RoomPlan {
  /** Cells too small for a pattern: one colour a head. */
  readonly isOverview: boolean;
  /** More heads than are looked at one by one. */
  readonly isMany: boolean;
  readonly pitchX: number;
  /** Of a line of heads. */
  readonly pitchY: number;
  /** Heads of a layer on one line, where a few layers of many heads leave the room below them empty. */
  readonly perLine?: number;
  /** Of a cell: its width, and its height where it is a pattern. */
  readonly side: number;
  readonly hasMean: boolean;
  /** Width of the panel; takes what the grid cannot use. */
  readonly panel: number;
  /** Of an overview's heads: what stands right of them in each row. */
  readonly beside?: number;
}

/** What stands around the cells: title and two lines of words above, the legend below, layer numbers at the left. */
export const AROUND = { above: 67, below: 48, left: 42, right: 14 } as const;

/** More heads than these are first shown as an overview. */
export const MANY_HEADS = 600;
/** A smaller pattern cannot be seen. */
const SMALLEST_SIDE = 24;
const GAP = 4;
/** Rows from this height on have a history under the pattern. */
const ROOM_FOR_HISTORY = 64;
const LEAST_HISTORY = 24;
/** Of an overview's cells: the longer side in parts of the shorter. */
const LONGEST = 4;
const LEAST_PITCH = 4;
/** Title and legend stand over and under the narrowest grid. */
const LEAST_GRID = 340;

/**
 * `zoom`: side of a pattern in CSS pixels, then what does not fit is scrolled to; null fills the room.
 * `under`: CSS pixels under a pattern; null: as many as a history needs.
 */
export function fillRoom(
  room: ViewRoom,
  shape: ModelShape,
  zoom: number | null,
  under: number | null = null,
): RoomPlan {
  const layers = Math.max(1, shape.layers);
  const heads = Math.max(1, shape.heads);
  const width = Math.max(1, room.width - room.side - AROUND.left - AROUND.right);
  const height = Math.max(
    1,
    room.height - AROUND.above - AROUND.below - shape.headings * HEADING_HEIGHT,
  );
  const hasMean = heads > 1;
  const isMany = layers * heads > MANY_HEADS;
  if (zoom !== null) return { ...zoomed(room, zoom, hasMean), isMany };
  const each = shape.each ?? Array.from({ length: layers }, () => heads);
  const lines = linesFor({ width, height, each, heads, hasMean }, under);
  const { side, pitchY, perLine } = lines;
  if (side < SMALLEST_SIDE || isMany)
    return { ...overview(room, { width, down: height / layers, heads }), isMany };
  const pitchX = side + GAP;
  const used = perLine * pitchX - GAP + (hasMean ? MEAN_GAP + pitchX : 0);
  const panel = panelBeside(room, used);
  const wrapped = perLine < heads && { perLine };
  return { isOverview: false, isMany, pitchX, pitchY, ...wrapped, side, hasMean, panel };
}

interface LinesRoom {
  readonly width: number;
  readonly height: number;
  /** Heads of each layer, and of the widest. */
  readonly each: readonly number[];
  readonly heads: number;
  readonly hasMean: boolean;
}

interface Lines {
  readonly side: number;
  readonly pitchY: number;
  readonly perLine: number;
  /** Parts of the height that are filled. */
  readonly share: number;
}

/** Lower lines of whole layers leave too much of the height empty. */
const LEAST_SHARE = 0.85;

/** A layer on one line where that fills the height, else on as many as make the patterns largest. */
function linesFor(room: LinesRoom, under: number | null): Lines {
  const whole = linesOf(room, room.heads, under);
  if (room.each.length * room.heads > MANY_HEADS) return whole;
  if (whole.side >= SMALLEST_SIDE && whole.share >= LEAST_SHARE) return whole;
  return Array.from({ length: room.heads }, (_, at) => Math.ceil(room.heads / (at + 1)))
    .map((perLine) => linesOf(room, perLine, under))
    .reduce((best, each) => (each.side > best.side ? each : best), whole);
}

function linesOf(of: LinesRoom, perLine: number, under: number | null): Lines {
  const { width, height, hasMean } = of;
  const lines = of.each.reduce((sum, heads) => sum + Math.max(1, Math.ceil(heads / perLine)), 0);
  const down = height / lines;
  const columns = perLine + (hasMean ? 1 : 0);
  const across = Math.floor((width + GAP - (hasMean ? MEAN_GAP : 0)) / columns);
  const numbered = perLine < of.heads ? NUMBER_HEIGHT : 0;
  const below = numbered + (under ?? (down >= ROOM_FOR_HISTORY ? LEAST_HISTORY : 0));
  const side = Math.min(across - GAP, Math.floor(down) - below - GAP);
  const most = under === null ? highestRow(side) : side + under + GAP + NUMBER_HEIGHT;
  const pitchY = Math.floor(Math.min(down, most));
  return { side, pitchY, perLine, share: (pitchY * lines) / height };
}

/** A pattern with the highest history that it may have. */
function highestRow(side: number): number {
  return Math.max(2 * side + ROOM_FOR_HISTORY, (1 + HIGH.most) * side + HIGH.around);
}

function panelBeside(room: ViewRoom, used: number): number {
  if (room.side === 0) return 0;
  const grid = Math.max(LEAST_GRID, used + AROUND.left + AROUND.right);
  return Math.max(room.side, Math.floor(room.width - grid));
}

/** Of the bars beside an overview, with what parts them from it; a narrow one has none. */
const SHARES = { width: 64, least: 560 } as const;

/** Parts of pixels are allowed here: no cell holds more than a colour. */
function overview(
  room: ViewRoom,
  { width: whole, down, heads }: { width: number; down: number; heads: number },
): Omit<RoomPlan, "isMany"> {
  const beside = room.hasShares === true && whole >= SHARES.least ? SHARES.width : 0;
  const width = whole - beside;
  const pitchX = Math.max(LEAST_PITCH, Math.min(width / heads, LONGEST * down));
  const pitchY = Math.max(LEAST_PITCH, Math.min(down, LONGEST * pitchX));
  return {
    isOverview: true,
    pitchX,
    pitchY,
    side: pitchX - 1,
    hasMean: false,
    panel: panelBeside(room, heads * pitchX + beside),
    beside,
  };
}

function zoomed(room: ViewRoom, zoom: number, hasMean: boolean): Omit<RoomPlan, "isMany"> {
  const under = zoom >= ROOM_FOR_HISTORY - LEAST_HISTORY ? LEAST_HISTORY : 0;
  return {
    isOverview: false,
    pitchX: zoom + GAP,
    pitchY: zoom + GAP + under,
    side: zoom,
    hasMean,
    panel: room.side,
  };
}

const MARK = 5;
/** Of a history: in CSS pixels, and in parts of the pattern over it. */
const LOWEST_HISTORY = 20;
const HIGHEST_HISTORY = 32;
const HISTORY_SHARE = 0.35;
/** A high row has a history as wide as the pattern, so high in parts of its width, its value over it. */
const HIGH = { from: 64, most: 2, value: 14, under: 8, around: 34 } as const;
/** Narrower cells have a history alone. */
const ROOM_FOR_VALUE = 44;
const VALUE_WIDTH = 27;

/** A pattern, its history with the value beside it and marks below, and a line for its number where heads are sorted. */
export function patternSizes(plan: RoomPlan, isNumbered: boolean): GridSizes {
  if (plan.isOverview) return overviewSizes(plan);
  const { pitchX, pitchY, perLine, hasMean } = plan;
  const numberHeight = isNumbered || perLine !== undefined ? NUMBER_HEIGHT : 0;
  const side = Math.min(plan.side, pitchY - GAP - numberHeight);
  const left = pitchY - side - numberHeight - MARK - GAP - 1;
  const hasHistory = left >= 8;
  const largest = Math.max(
    LOWEST_HISTORY,
    Math.min(HIGHEST_HISTORY, Math.round(HISTORY_SHARE * side)),
  );
  const high = Math.min(left - HIGH.value - HIGH.under, HIGH.most * side);
  const isHigh = side >= ROOM_FOR_VALUE && left >= HIGH.from && high > largest;
  return {
    isOverview: false,
    pitchX,
    pitchY,
    ...(perLine !== undefined && { perLine }),
    hasMean,
    cell: { width: side, height: side },
    sparkTop: side + (hasHistory ? 2 : 0) + (isHigh ? HIGH.value : 0),
    sparkHeight: isHigh ? high : hasHistory ? Math.min(left, largest) : 0,
    ...(hasHistory && side >= ROOM_FOR_VALUE && { sparkWidth: isHigh ? side : side - VALUE_WIDTH }),
    markHeight: hasHistory ? MARK : 0,
    numberHeight,
  };
}

function overviewSizes({ pitchX, pitchY, side, beside = 0 }: RoomPlan): GridSizes {
  const height = pitchY - (pitchY >= 3 ? 1 : 0);
  return {
    isOverview: true,
    pitchX,
    pitchY,
    hasMean: false,
    cell: { width: side, height },
    sparkTop: 0,
    sparkHeight: 0,
    markHeight: 0,
    numberHeight: 0,
    ...(beside > 0 && { beside }),
  };
}

/** Lower rows have no line for the value. */
const ROOM_FOR_NUMBER = 34;
/** Lower ones no history. */
const ROOM_FOR_LINE = 16;

/** Rows from this height on have an axis and their marks within. */
export const TALL_ROW = 93;
/** Lines that wear a mark at the top, and the value over it. */
const TALL_TOP = 22;

/** A line of text, the history, and the marks below it. */
export function historyParts(pitch: number): RowParts {
  if (pitch >= TALL_ROW) {
    const height = pitch - 4;
    return { height, sparkTop: TALL_TOP, sparkHeight: height - TALL_TOP - 7, markHeight: 7 };
  }
  const sparkTop = pitch >= 52 ? 17 : pitch >= ROOM_FOR_NUMBER ? 14 : 0;
  const markHeight = pitch >= 52 ? 8 : 6;
  const height = pitch - (pitch >= 64 ? 8 : 2);
  return { height, sparkTop, sparkHeight: height - sparkTop - markHeight, markHeight };
}

/** Cells at the places of the patterns. */
export function historySizes(plan: RoomPlan): GridSizes {
  const { isOverview, isMany, pitchX, pitchY, perLine, side, hasMean } = plan;
  if (isOverview && (isMany || pitchY < ROOM_FOR_LINE)) return overviewSizes(plan);
  const { height, ...parts } = historyParts(pitchY);
  return {
    isOverview: false,
    pitchX,
    pitchY,
    ...(perLine !== undefined && { perLine }),
    hasMean,
    cell: { width: side, height },
    ...parts,
    numberHeight: 0,
  };
}
