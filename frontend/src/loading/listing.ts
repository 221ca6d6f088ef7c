/** TensorBoard's reloads → the index signal; while the tab is hidden the request waits. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import { asApiError, isAbort } from "./slot";
import { hidden, indexError, setIndex } from "../state";

export interface Listing {
  /** Ask again; resolved when the answer is in the state. */
  refresh: () => Promise<void>;
  stop: () => void;
}

export function startListing(api: Api): Listing {
  let due = true;
  let running: Promise<void> | null = null;
  const abort = new AbortController();

  async function ask(): Promise<void> {
    try {
      setIndex(await api.index(abort.signal));
    } catch (error) {
      if (!isAbort(error)) indexError.value = asApiError(error);
    }
  }

  const wanted = (): boolean => due && !hidden.peek() && !abort.signal.aborted;

  async function work(): Promise<void> {
    while (wanted()) {
      due = false;
      await ask();
    }
  }

  function wake(): Promise<void> {
    running ??= work().then(() => {
      running = null;
      return wanted() ? wake() : undefined;
    });
    return running;
  }

  const dispose = effect(() => {
    if (!hidden.value) void untracked(wake);
  });
  return {
    refresh() {
      due = true;
      return wake();
    },
    stop() {
      dispose();
      abort.abort();
    },
  };
}
