/** The state ⇄ the page's hash: written when things rest, a visited place as a step in the history; read when someone else changed it. */

import { effect, untracked } from "@preact/signals";

import type { Clock } from "./clock";
import type { Host } from "./host";
import { dragging, hidden, index, setIndex, visits } from "../state";
import { applyPairs, formatHash, pairsOfState, parseHash, placeOf, type Pairs } from "./url";

/** Milliseconds between two writes. */
export const WRITE_INTERVAL = 500;

export interface UrlSync {
  /** Write what is due now, for a link to copy. */
  flush: () => void;
  stop: () => void;
}

export function syncUrl(host: Host, clock: Clock): UrlSync {
  let due: Pairs | null = null;
  let known = "";
  let lastWrite = -Infinity;
  let place: string | null = null; // of the last write
  /** Visits as of the last write, and as of what is due. */
  let [written, seen] = [visits.peek(), visits.peek()];
  let cancel: (() => void) | null = null;

  /** What is due, with a step in the history if it came of a visit to another place. */
  function write(): void {
    cancel?.();
    cancel = null;
    const hash = host.readHash();
    const pairs = parseHash(hash ?? "");
    if (due === null || dragging.peek() || hash === null || pairs === null) return;
    if (pairs.length > 0 && JSON.stringify(pairs) !== known) return read(); // its event is on the way
    const text = formatHash(hash, due);
    const next = placeOf(due);
    host.writeHash(text, seen !== written && place !== null && next !== place);
    place = next;
    written = seen;
    known = JSON.stringify(parseHash(text)); // a lone surrogate does not come back as it was
    lastWrite = clock.now();
  }

  function read(): void {
    const pairs = parseHash(host.readHash() ?? "");
    if (pairs === null) return;
    known = JSON.stringify(pairs);
    if (pairs.length === 0) return schedule(); // TensorBoard's own tab bar: what we had stays
    applyPairs(pairs);
    if (index.peek() !== null) setIndex(index.peek()!);
    written = seen = visits.peek();
    place = placeOf(pairsOfState());
  }

  const schedule = (): void => {
    cancel ??= clock.after(Math.max(0, lastWrite + WRITE_INTERVAL - clock.now()), write);
  };

  read();
  host.onHash(read);
  const dispose = effect(() => {
    const next = pairsOfState();
    const leaves = visits.value !== seen && seen === written;
    if (leaves && cancel !== null) untracked(write); // Back leads to the place as it was left
    seen = visits.value;
    due = next;
    if (dragging.value || hidden.value || index.value === null) return;
    schedule();
  });
  return {
    flush: write,
    stop() {
      dispose();
      cancel?.();
    },
  };
}
