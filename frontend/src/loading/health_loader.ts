/** Limits set by hand → the hints under them; under the usual ones they come with the metrics. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import { RequestCache } from "./request_cache";
import { Slot } from "./slot";
import { adjustedHealth, hasOwnLimits, hidden, ownLimits, run, tag, versions } from "../state";

const KEPT_BYTES = 1 << 20;

export function startHealthLoader(api: Api, onGone: () => Promise<void>): () => void {
  const cache = new RequestCache(KEPT_BYTES);
  const slot = new Slot(adjustedHealth, cache, onGone);
  const dispose = effect(() => {
    const [runName, tagName, limits, files] = [
      run.value,
      tag.value,
      ownLimits.value,
      versions.value,
    ];
    if (hidden.value) return;
    if (!hasOwnLimits.value || runName === null || tagName === null || files.length === 0)
      return untracked(() => slot.clear());
    const key = `health ${JSON.stringify([runName, tagName, limits, files])}`;
    untracked(() => {
      cache.abortExcept(new Set([key]));
      void slot.want({ key, fetch: (signal) => api.health(runName, tagName, limits, signal) });
    });
  });
  return () => {
    dispose();
    cache.abortExcept(new Set());
  };
}
