/** The selected run → the latest readable header of each of its tags. */

import { effect, untracked } from "@preact/signals";

import type { RecordHeader } from "../decoding/answers";
import type { Api } from "../fetching/api";
import { hidden, index, probeHeaders, record, run, seenTags } from "../state";

/** With more probes only those are asked for whose rows are in view. */
const MANY = 60;
/** Asked for at once. */
const MOST_TAGS = 50;

/** The selected record is there, or cannot be had: views come first. */
function recordSettled(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const dispose = effect(() => {
      const { status } = record.value;
      if (status !== "ready" && status !== "error" && !signal.aborted) return;
      resolve();
      queueMicrotask(() => dispose());
    });
    signal.addEventListener("abort", () => {
      dispose();
      resolve();
    });
  });
}

/** Known headers stay; a run's tags are asked for many at once, after the views. */
export function startProbeLoader(api: Api): () => void {
  const known = new Map<string, Map<string, RecordHeader>>();
  let abort = new AbortController();

  function show(runName: string): Map<string, RecordHeader> {
    const headers = known.get(runName) ?? new Map<string, RecordHeader>();
    known.set(runName, headers);
    probeHeaders.value = new Map(headers);
    return headers;
  }

  async function load(runName: string, tags: readonly string[]) {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const headers = show(runName);
    await recordSettled(signal);
    let left = tags.filter((tag) => !headers.has(tag));
    while (left.length > 0) {
      const asked = left.slice(0, MOST_TAGS);
      const found = await api.texts(runName, asked, signal).catch(() => null);
      if (signal.aborted || found === null) return;
      for (const [tag, header] of Object.entries(found.texts)) headers.set(tag, header);
      show(runName);
      left = [...found.left, ...left.slice(MOST_TAGS)];
    }
  }

  const dispose = [
    effect(() => {
      const tags = index.value?.[run.value ?? ""];
      if (hidden.value || run.value === null || tags === undefined) return;
      const name = run.value;
      const all = Object.keys(tags);
      const seen = all.length > MANY ? new Set(seenTags.value) : null;
      const wanted = seen === null ? all : all.filter((tag) => seen.has(tag));
      untracked(() => void load(name, wanted));
    }),
    effect(() => {
      const now = record.value;
      const name = run.value;
      if (now.status !== "ready" || name === null) return;
      untracked(() => {
        const before = known.get(name)?.get(now.value.tag);
        if (before?.probe === now.value.probe) return;
        known.set(name, (known.get(name) ?? new Map()).set(now.value.tag, now.value));
        show(name);
      });
    }),
  ];
  return () => {
    for (const each of dispose) each();
    abort.abort();
  };
}
