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
    try {
      keep(sha256, (await api.picture(at, sha256)).value);
    } catch (error) {
      if (!isAbort(error)) keep(sha256, null); // its pixels were not to be kept, or are gone: geometry is drawn
    }
  }

  return effect(() => {
    const now = state.record.value;
    if (state.hidden.value || now.status !== "ready") return;
    const wanted = (now.value.pictures ?? []).map(({ sha256 }) => sha256);
    untracked(() => {
      for (const sha256 of wanted) if (!asked.has(sha256)) void ask(sha256);
    });
  });
}
