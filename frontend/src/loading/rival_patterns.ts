/** More than two ticked runs that are compared → every head of the others at the step nearest to the selected one. */

import { computed, effect, untracked } from "@preact/signals";

import type { Thumbnails } from "../decoding/decode";
import type { Api } from "../fetching/api";
import {
  compareChoice,
  hidden,
  index,
  isComparing,
  nearestOf,
  otherRuns,
  rivalPatterns,
  step,
  tag,
  type Compared,
} from "../state";

/** As many columns as can be told apart; the selected run is one of them. */
const MOST = 8;

function place(run: string): Compared | null {
  const at = index.value?.[run]?.[tag.value ?? ""];
  if (at === undefined || step.value === null) return null;
  const drawn = at.steps.filter((_, position) => at.kinds[position] !== "metrics");
  const found = nearestOf(drawn, step.value);
  if (found === null) return null;
  const version = at.versions[at.steps.indexOf(found)] ?? null;
  return { run, tag: tag.value ?? "", step: found, version };
}

/** As text, so that it changes only with what it says; null: two runs or fewer. */
const wanted = computed<string | null>(() => {
  if (!isComparing.value || hidden.value || compareChoice.value !== "run") return null;
  if (otherRuns.value.length < 2) return null;
  return JSON.stringify(otherRuns.value.slice(0, MOST - 1).map(place));
});

export function startRivalPatterns(api: Api): () => void {
  let abort = new AbortController();
  const load = async (places: readonly (Compared | null)[]): Promise<void> => {
    const { signal } = abort;
    const found = new Map<string, Thumbnails>();
    for (const each of places) {
      if (each === null) continue;
      try {
        found.set(each.run, (await api.thumbnails(each, signal)).value);
      } catch {
        continue; // its column stays empty; what is wrong with it is said where the run is shown
      }
      if (signal.aborted) return;
      rivalPatterns.value = new Map(found);
    }
  };
  const dispose = effect(() => {
    const key = wanted.value;
    untracked(() => {
      abort.abort();
      abort = new AbortController();
      if (key === null) rivalPatterns.value = new Map();
      else void load(JSON.parse(key) as (Compared | null)[]);
    });
  });
  return () => {
    dispose();
    abort.abort();
  };
}
