/** A thinned series and the step whose numbers are shown → the same series with a row for that step. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import { hidden, readStep, run, series, steps, tag } from "../state";

export function startExactSteps(api: Api): () => void {
  let abort = new AbortController();

  async function add(runName: string, tagName: string, wanted: number): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const found = await api.metricsAt(runName, tagName, [wanted], signal).catch(() => null);
    const now = series.peek();
    if (found === null || signal.aborted || now.status !== "ready") return;
    const value = now.value.withSteps(found);
    if (value !== now.value) series.value = { status: "ready", value };
  }

  const dispose = effect(() => {
    const [now, wanted, runName, tagName] = [series.value, readStep.value, run.value, tag.value];
    if (hidden.value || now.status !== "ready" || runName === null || tagName === null) return;
    const of = now.value;
    if (wanted === null || !(of.isThinned || of.pending > 0)) return;
    if (of.steps.includes(wanted) || of.damaged.includes(wanted)) return;
    untracked(() => {
      if (steps.peek().includes(wanted)) void add(runName, tagName, wanted);
    });
  });
  return () => {
    dispose();
    abort.abort();
  };
}
