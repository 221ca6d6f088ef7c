/** The selected run → the latest readable header of each of its tags. */

import { effect, untracked } from "@preact/signals";

import type { RecordHeader, TagIndex } from "../decoding/answers";
import type { Api } from "../fetching/api";
import { hidden, index, probeHeaders, record, run, seenTags } from "../state";

/** With more probes only those are asked for whose rows are in view. */
const MANY = 60;
/** How many steps back a readable one is looked for. */
const TRIES = 4;

async function latest(
  api: Api,
  at: { run: string; tag: string },
  { steps, versions }: TagIndex,
  signal: AbortSignal,
): Promise<RecordHeader | null> {
  for (let i = steps.length - 1; i >= Math.max(0, steps.length - TRIES); i--) {
    try {
      const address = { ...at, step: steps[i]!, version: versions[i] ?? null };
      return (await api.record(address, signal)).value;
    } catch {
      if (signal.aborted) return null;
    }
  }
  return null;
}

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

/** Known headers stay; a run's tags are asked for one after the other, so that views come first. */
export function startProbeLoader(api: Api): () => void {
  const known = new Map<string, Map<string, RecordHeader>>();
  let abort = new AbortController();

  function show(runName: string): Map<string, RecordHeader> {
    const headers = known.get(runName) ?? new Map<string, RecordHeader>();
    known.set(runName, headers);
    probeHeaders.value = new Map(headers);
    return headers;
  }

  async function load(runName: string, tags: readonly (readonly [string, TagIndex])[]) {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const headers = show(runName);
    await recordSettled(signal);
    for (const [tag, listed] of tags) {
      if (signal.aborted) return;
      if (headers.has(tag)) continue;
      const header = await latest(api, { run: runName, tag }, listed, signal);
      if (signal.aborted) return;
      if (header === null) continue;
      headers.set(tag, header);
      show(runName);
    }
  }

  const dispose = [
    effect(() => {
      const tags = index.value?.[run.value ?? ""];
      if (hidden.value || run.value === null || tags === undefined) return;
      const name = run.value;
      const all = Object.entries(tags);
      const seen = all.length > MANY ? new Set(seenTags.value) : null;
      const wanted = seen === null ? all : all.filter(([tag]) => seen.has(tag));
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
