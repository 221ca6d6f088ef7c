/** The selected run and tag → their series, anew for every change of the listing, until all steps are read. */

import { effect, signal, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import { seriesJob } from "./jobs";
import type { RequestCache } from "./request_cache";
import { Slot } from "./slot";
import * as state from "../state";

export function startSeriesLoader(
  api: Api,
  cache: RequestCache,
  onGone: () => Promise<void>,
): () => void {
  const slot = new Slot(state.series, cache, onGone);
  /** How often the rest of a long series was asked for. */
  const round = signal(0);
  const dispose = [
    effect(() => {
      const [run, tag, versions] = [state.run.value, state.tag.value, state.versions.value];
      const rounds = round.value;
      void state.tries.value;
      if (state.hidden.value || run === null || tag === null || versions.length === 0) return;
      untracked(() => {
        // What is on screen with its marks is replaced by what has them too.
        const isWhole = (state.shown(state.series.peek())?.evolution ?? null) !== null;
        void slot.want(seriesJob(api, { run, tag, versions, round: rounds }, isWhole));
      });
    }),
    effect(() => {
      const now = state.series.value;
      if (now.status !== "ready" || !(now.value.pending > 0) || state.hidden.value) return;
      const timer = setTimeout(() => round.value++);
      return () => clearTimeout(timer);
    }),
  ];
  return () => {
    for (const each of dispose) each();
  };
}
