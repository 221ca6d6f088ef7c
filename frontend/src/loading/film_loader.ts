/** The wanted film → one head's map at each of its steps, the shown step first, as long as it is wanted. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import type { Quantity } from "../decoding/contribution";
import {
  film,
  hidden,
  index,
  quantityName,
  run,
  step,
  tag,
  wantedFilm,
  type WantedFilm,
} from "../state";
import { mapsJob } from "./jobs";
import { RequestCache } from "./request_cache";
import { isAbort } from "./slot";

const KEPT_BYTES = 6 << 20;
/** Milliseconds that a wish stands before it is asked for: a pointer passes over many patches. */
const PAUSE = 120;

export function startFilmLoader(api: Api): () => void {
  const cache = new RequestCache(KEPT_BYTES);
  let round = 0;

  async function follow(
    wanted: WantedFilm,
    [runName, tagName]: readonly [string, string],
    quantity: Quantity,
  ): Promise<void> {
    const own = ++round;
    const listed = index.peek()?.[runName]?.[tagName];
    const found = new Map<number, Float32Array | null>();
    const asks = wanted.steps.map((at) => {
      const version = listed?.versions[listed.steps.indexOf(at)] ?? null;
      const place = { run: runName, tag: tagName, step: at, version };
      return { at, job: mapsJob(api, place, wanted, wanted.layer, quantity) };
    });
    const left = asks.filter(({ at, job }) => {
      const kept = cache.peek(job);
      if (kept !== undefined) found.set(at, kept.value.weights(wanted.layer, wanted.head));
      return kept === undefined;
    });
    film.value = new Map(found);
    const shownStep = step.peek() ?? 0;
    left.sort((a, b) => Math.abs(a.at - shownStep) - Math.abs(b.at - shownStep));
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    for (const { at, job } of left) {
      if (own !== round) return;
      try {
        found.set(at, (await cache.get(job)).weights(wanted.layer, wanted.head));
      } catch (error) {
        if (isAbort(error)) return;
        found.set(at, null);
      }
      if (own === round) film.value = new Map(found);
    }
  }

  const dispose = effect(() => {
    const [wanted, runName, tagName] = [wantedFilm.value, run.value, tag.value];
    const quantity = quantityName.value;
    void index.value;
    if (hidden.value) return;
    untracked(() => {
      if (wanted !== null && runName !== null && tagName !== null) {
        void follow(wanted, [runName, tagName], quantity);
        return;
      }
      round++;
      film.value = new Map();
    });
  });
  return () => {
    dispose();
    round++;
    cache.abortExcept(new Set());
  };
}
