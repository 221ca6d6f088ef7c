/** One cell of one head over the logged steps of all visible runs: what a view wants, and what came so far. */

import { signal, type Signal } from "@preact/signals";

/** Tokens [first, end) of either side; of several, mean over queries and sum over keys. */
export interface WantedCell {
  readonly layer: number;
  readonly head: number;
  readonly query: readonly [first: number, end: number];
  readonly key: readonly [first: number, end: number];
}

export interface CellLine {
  readonly run: string;
  readonly steps: readonly number[];
  /** NaN where the step was not asked for, has not come, or has no such cell. */
  readonly values: Float32Array;
}

export interface CellHistory {
  readonly cell: WantedCell;
  readonly tag: string;
  readonly lines: readonly CellLine[];
  /** Steps that have answered, those that are asked for, and those that are logged. */
  readonly done: number;
  readonly asked: number;
  readonly logged: number;
}

/** Set by the view that shows it; null: nothing is asked for. */
export const wantedCell: Signal<WantedCell | null> = signal(null);
export const cellHistory: Signal<CellHistory | null> = signal(null);
