/** One head's map over the logged steps: what a view wants, and what came so far. */

import { signal, type Signal } from "@preact/signals";

import type { MapSide } from "../decoding/head_maps";

export interface WantedFilm extends MapSide {
  readonly layer: number;
  readonly head: number;
  /** Ascending; the frames. */
  readonly steps: readonly number[];
}

/** Set by the view that shows it; null: nothing is asked for. */
export const wantedFilm: Signal<WantedFilm | null> = signal(null);
/** By step, the weights by the positions of the other side; null: they cannot be had. */
export const film: Signal<ReadonlyMap<number, Float32Array | null>> = signal(new Map());
