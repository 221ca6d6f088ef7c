/** The rollout that is wanted → that of the shown record and the selected layer's stack. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import * as state from "../state";
import { RequestCache } from "./request_cache";
import { Slot } from "./slot";

const KEPT_BYTES = 8 << 20;

export function startRolloutLoader(api: Api, onGone: () => Promise<void>): () => void {
  const cache = new RequestCache(KEPT_BYTES);
  const slot = new Slot(state.rollout, cache, onGone);
  const dispose = effect(() => {
    const heads = state.view.value === "head" ? state.rolloutHeads.value : null;
    const [run, tag, step, version] = [
      state.run.value,
      state.tag.value,
      state.step.value,
      state.version.value,
    ];
    const stack = state.knownHeader.value?.layers[state.layer.value]?.stack;
    if (state.hidden.value) return;
    if (heads === null || run === null || tag === null || step === null || stack === undefined)
      return untracked(() => slot.clear());
    const at = { run, tag, step, version };
    const key = `rollout ${JSON.stringify([at, stack, heads])}`;
    untracked(() => {
      cache.abortExcept(new Set([key]));
      void slot.want({ key, fetch: (signal) => api.rollout(at, stack, heads, signal) });
    });
  });
  return () => {
    dispose();
    cache.abortExcept(new Set());
  };
}
