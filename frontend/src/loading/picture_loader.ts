/** The pictures and sounds that the shown record names → their pixels and samples, each asked for once. */

import { effect, untracked } from "@preact/signals";

import type { Media } from "../decoding/picture";
import type { Api } from "../fetching/api";
import * as state from "../state";
import { isAbort } from "./slot";

/** Kept for going back and forth between probes. */
const MOST_KEPT = 24;

export function startPictureLoader(api: Api): () => void {
  const asked = new Set<string>();
  let place = "";

  /** What one probe stores is not shown for another, which may be meant to show nothing. */
  function enter(next: string): void {
    if (next === place) return;
    place = next;
    asked.clear();
    state.media.value = new Map();
  }

  function keep(sha256: string, found: Media | null): void {
    const next = new Map(state.media.peek()).set(sha256, found);
    for (const oldest of [...next.keys()].slice(0, Math.max(0, next.size - MOST_KEPT))) {
      next.delete(oldest);
      asked.delete(oldest);
    }
    state.media.value = next;
  }

  async function ask(sha256: string): Promise<void> {
    const [run, tag, step] = [state.run.peek(), state.tag.peek(), state.record.peek()];
    if (run === null || tag === null || step.status !== "ready") return;
    asked.add(sha256);
    const at = { run, tag, step: step.value.step, version: null };
    const asker = place;
    try {
      const { value } = await api.picture(at, sha256);
      if (asker === place) keep(sha256, value);
    } catch (error) {
      if (!isAbort(error) && asker === place) keep(sha256, null); // its pixels were not to be kept, or are gone: geometry is drawn
    }
  }

  return effect(() => {
    const now = state.record.value;
    if (state.hidden.value || now.status !== "ready") return;
    const here = JSON.stringify([state.run.value, now.value.tag]);
    const wanted = (now.value.pictures ?? []).map(({ sha256 }) => sha256);
    untracked(() => {
      enter(here);
      for (const sha256 of wanted) if (!asked.has(sha256)) void ask(sha256);
    });
  });
}
