/** The state ⇄ the page's hash: written when things rest, read when someone else changed it. */

import { effect } from "@preact/signals";

import type { Clock } from "./clock";
import type { Host } from "./host";
import { dragging, hidden, index, setIndex } from "../state";
import { applyPairs, formatHash, pairsOfState, parseHash, type Pairs } from "./url";

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
  let cancel: (() => void) | null = null;

  function write(): void {
    cancel?.();
    cancel = null;
    const hash = host.readHash();
    const pairs = parseHash(hash ?? "");
    if (due === null || dragging.peek() || hash === null || pairs === null) return;
    if (pairs.length > 0 && JSON.stringify(pairs) !== known) return read(); // its event is on the way
    const written = formatHash(hash, due);
    host.writeHash(written);
    known = JSON.stringify(parseHash(written)); // a lone surrogate does not come back as it was
    lastWrite = clock.now();
  }

  function read(): void {
    const pairs = parseHash(host.readHash() ?? "");
    if (pairs === null) return;
    known = JSON.stringify(pairs);
    if (pairs.length === 0) return schedule(); // TensorBoard's own tab bar: what we had stays
    applyPairs(pairs);
    if (index.peek() !== null) setIndex(index.peek()!);
  }

  function schedule(): void {
    cancel ??= clock.after(Math.max(0, lastWrite + WRITE_INTERVAL - clock.now()), write);
  }

  read();
  host.onHash(read);
  const dispose = effect(() => {
    due = pairsOfState();
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
