/** A head that is too long to be loaded whole: its picture, the finer parts that are in view, and one row. */

import { signal, type Signal } from "@preact/signals";

import type { Region } from "../decoding/region";
import type { Loaded } from "./load";

/** A square part of the head: `level` 0 has a cell a pixel, each further one twice as many a side. */
export interface Tile {
  readonly level: number;
  readonly row: number;
  readonly column: number;
}

/** Pixels of a tile's side. */
export const TILE = 512;
/** Of this level a tile still comes within half a second; coarser ones are left to the picture of the whole. */
export const COARSEST = 4;

export function tileName({ level, row, column }: Tile): string {
  return `${level}/${row}/${column}`;
}

/** One row of the head, exactly. */
export interface HeadRow {
  readonly layer: number;
  readonly head: number;
  readonly query: number;
  readonly weights: Float32Array;
}

/** The whole head. */
export const longPicture: Signal<Loaded<Region>> = signal({ status: "idle" });
/** What is in view and finer than the whole, most wanted first; the view writes it. */
export const wantedTiles: Signal<readonly Tile[]> = signal([]);
/** Parts of the head of `longPicture` that have come, by name. */
export const longTiles: Signal<ReadonlyMap<string, Region>> = signal(new Map());
/** Of the pinned query. */
export const longRow: Signal<Loaded<HeadRow>> = signal({ status: "idle" });
