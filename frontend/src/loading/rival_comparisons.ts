/** More than two ticked runs that are compared → what each of the others has at the step of B that A has not. */

import { computed, effect, untracked } from "@preact/signals";

import type { Comparison } from "../decoding/comparison";
import type { Quantity } from "../decoding/contribution";
import type { Api } from "../fetching/api";
import { asApiError, isAbort } from "./slot";
import {
  columnPlace,
  columnRuns,
  compared,
  hidden,
  quantityName,
  rivalComparisons,
  rivalProblems,
  type Compared,
} from "../state";

interface Wanted {
  readonly a: Compared;
  readonly others: readonly Compared[];
  readonly quantity: Quantity;
}

/** As text, so that it changes only with what it says; null: two runs or fewer. */
const wanted = computed<string | null>(() => {
  if (hidden.value || columnRuns.value.length === 0 || compared.value === null) return null;
  const others = columnRuns.value.map(columnPlace).filter((each) => each !== null);
  const found: Wanted = { a: compared.value, others, quantity: quantityName.value };
  return JSON.stringify(found);
});

export function startRivalComparisons(api: Api): () => void {
  let abort = new AbortController();
  const load = async ({ a, others, quantity }: Wanted): Promise<void> => {
    const { signal } = abort;
    const found = new Map<string, Comparison>();
    const problems = new Map<string, string>();
    for (const { run } of others) {
      const before = rivalComparisons.peek().get(run);
      if (before !== undefined) found.set(run, before);
    }
    for (const each of others) {
      try {
        found.set(each.run, (await api.compare(a, each, signal, quantity)).value);
      } catch (error) {
        found.delete(each.run);
        if (!isAbort(error)) problems.set(each.run, asApiError(error).message);
      }
      if (signal.aborted) return;
      rivalProblems.value = new Map(problems);
      rivalComparisons.value = new Map(found);
    }
  };
  const dispose = effect(() => {
    const key = wanted.value;
    untracked(() => {
      abort.abort();
      abort = new AbortController();
      rivalProblems.value = new Map();
      if (key === null) rivalComparisons.value = new Map();
      else void load(JSON.parse(key) as Wanted);
    });
  });
  return () => {
    dispose();
    abort.abort();
  };
}
