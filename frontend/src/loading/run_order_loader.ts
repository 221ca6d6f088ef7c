/** TensorBoard's list of runs → the order in which its own tabs have given them colours. */

import { effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import { hidden, index, runOrder } from "../state";

/** As TensorBoard's page does: a run keeps its colour, later ones come after those known before. */
export function colouredRuns(known: readonly string[], listed: readonly string[]): string[] {
  return [...new Set([...known, ...listed])];
}

/** Asked for with every new listing; without an answer the runs keep the order that they have. */
export function startRunOrderLoader(api: Api): () => void {
  let abort = new AbortController();

  async function ask(): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const listed = await api.runNames(signal).catch(() => []);
    if (signal.aborted) return;
    const next = colouredRuns(runOrder.peek(), listed);
    if (next.length > runOrder.peek().length) runOrder.value = next;
  }

  const dispose = effect(() => {
    if (hidden.value || index.value === null) return;
    untracked(() => void ask());
  });
  return () => {
    dispose();
    abort.abort();
  };
}
