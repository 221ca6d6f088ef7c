/** How many heads of each layer changed → strips for the layers where none did, and their height for the others. */

import { NOTE_HEIGHT, type GridSizes, type RowShape } from "../../draw/grid";
import { historyParts } from "../../parts/heads_grid/layout";

/** Of a row that is a strip of values; lower where all rows are low. */
export const STRIP = 24;
const LOW_STRIP = 18;
const ROOM_FOR_STRIP = 30;
const STRIP_GAP = 3;
/** A row in which heads changed has at least this, where the room allows. */
const LEAST_TALL = 96;

export interface RowRoom {
  /** Of all rows together. */
  readonly height: number;
  /** Layers from top to bottom. */
  readonly order: readonly number[];
  /** Of heads, in each layer's row; one without it. */
  readonly lines?: readonly number[];
}

type Rows = Pick<GridSizes, "shaped" | "noteAfter">;

const heightOfStrip = (pitchY: number): number => (pitchY < ROOM_FOR_STRIP ? LOW_STRIP : STRIP);

function strip(pitch: number): RowShape {
  const height = pitch - STRIP_GAP;
  const parts = { height, sparkTop: 0, sparkHeight: height, markHeight: 0 };
  return { pitch, isFolded: true, parts };
}

const open = (pitch: number): RowShape => ({ pitch, isFolded: false, parts: historyParts(pitch) });

/** Layers whose row is a strip; none where all rows changed, or none did. */
function stillLayers(sizes: GridSizes, moved: readonly number[]): ReadonlySet<number> {
  const still = [...moved.keys()].filter((layer) => moved[layer] === 0);
  const isUseful = still.length < moved.length && sizes.pitchY > heightOfStrip(sizes.pitchY);
  return new Set(sizes.isOverview || !isUseful ? [] : still);
}

/** What the rows need, so that each line with changes is tall. */
export function leastHeight(
  sizes: GridSizes,
  moved: readonly number[],
  lines: readonly number[] = moved.map(() => 1),
): number {
  const folded = stillLayers(sizes, moved);
  const note = folded.size === 0 ? 0 : NOTE_HEIGHT;
  const low = heightOfStrip(sizes.pitchY);
  return lines.reduce(
    (sum, each, layer) => sum + each * (folded.has(layer) ? low : LEAST_TALL),
    note,
  );
}

/** Fills the height; by itself as high as without strips. */
export function foldedRows(sizes: GridSizes, moved: readonly number[], room?: RowRoom): Rows {
  const layers = [...moved.keys()];
  const lines = room?.lines ?? layers.map(() => 1);
  const linesOf = (of: readonly number[]): number => of.reduce((sum, at) => sum + lines[at]!, 0);
  const height = room?.height ?? sizes.pitchY * linesOf(layers);
  const folded = stillLayers(sizes, moved);
  if (folded.size === 0)
    return evenRows(sizes, layers, Math.floor(height / Math.max(1, linesOf(layers))));
  const low = heightOfStrip(sizes.pitchY);
  const tall = layers.filter((layer) => !folded.has(layer));
  const free = height - low * linesOf([...folded]) - NOTE_HEIGHT;
  const least = Math.min(LEAST_TALL, Math.floor(free / linesOf(tall)));
  const spare = free - least * linesOf(tall);
  const total = tall.reduce((sum, layer) => sum + moved[layer]!, 0);
  const shaped = new Map(
    layers.map((layer) => {
      const share = Math.floor((spare * moved[layer]!) / total / lines[layer]!);
      return [layer, folded.has(layer) ? strip(low) : open(least + share)] as const;
    }),
  );
  return { shaped, noteAfter: lastOfFirstStrips(room?.order ?? layers, folded) };
}

/** Nothing folds: all rows alike. */
function evenRows(sizes: GridSizes, layers: readonly number[], pitch: number): Rows {
  if (sizes.isOverview || pitch >= sizes.pitchY) return {};
  return { shaped: new Map(layers.map((layer) => [layer, open(pitch)])) };
}

/** The line of words stands under the first strips that follow one another. */
function lastOfFirstStrips(order: readonly number[], folded: ReadonlySet<number>): number {
  const first = order.findIndex((layer) => folded.has(layer));
  const end = order.findIndex((layer, at) => at > first && !folded.has(layer));
  return order[end === -1 ? order.length - 1 : end - 1]!;
}
