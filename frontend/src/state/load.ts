/** What is asked for → its value, that it is on its way, or why it cannot be had. */

import { signal, type Signal } from "@preact/signals";

import type { ApiError } from "../decoding/errors";

/**
 * "ready" and "error" always belong to the present selection: whatever changes the selection sets
 * "loading" in the same batch. `previous` is what was shown before, to stay on screen meanwhile.
 */
export type Loaded<T> =
  | { status: "idle"; previous?: T }
  | { status: "loading"; previous?: T }
  | { status: "ready"; value: T }
  | { status: "error"; error: ApiError; previous?: T };

/** How often what failed was asked for once more. */
export const tries: Signal<number> = signal(0);

export function tryAgain(): void {
  tries.value++;
}

/** The value, or the one shown before; undefined when there was none. */
export function shown<T>(loaded: Loaded<T>): T | undefined {
  return loaded.status === "ready" ? loaded.value : loaded.previous;
}

/** The same thing after the selection moved away from it. */
export function stale<T>(loaded: Loaded<T>): Loaded<T> {
  const previous = shown(loaded);
  return previous === undefined ? { status: "loading" } : { status: "loading", previous };
}
