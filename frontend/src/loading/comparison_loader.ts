/** What is compared → the comparison, and the selected layer of record A for its lines. */

import { effect, untracked } from "@preact/signals";

import type { Api, RecordAddress } from "../fetching/api";
import { weightsJob } from "./jobs";
import { RequestCache, type Job } from "./request_cache";
import { Slot } from "./slot";
import type { Quantity } from "../decoding/contribution";
import type { Comparison } from "../decoding/comparison";
import * as state from "../state";

const KEPT_BYTES = 12 << 20;

function comparisonJob(
  api: Api,
  first: RecordAddress,
  second: RecordAddress,
  quantity: Quantity,
): Job<Comparison> {
  return {
    key: `compare ${quantity} ${JSON.stringify([first, second])}`,
    fetch: (signal) => api.compare(first, second, signal, quantity),
  };
}

/** Record B: the selected one, if it has patterns. */
function selected(): RecordAddress | null {
  const [run, tag, step] = [state.run.value, state.tag.value, state.step.value];
  if (run === null || tag === null || step === null || state.isMetricsOnly.value) return null;
  return { run, tag, step, version: state.version.value };
}

export function startComparisonLoader(api: Api, onGone: () => Promise<void>): () => void {
  const cache = new RequestCache(KEPT_BYTES);
  const comparison = new Slot(state.comparison, cache, onGone);
  const weights = new Slot(state.comparedWeights, cache, onGone);

  const dispose = effect(() => {
    const [first, second] = [state.compared.value, selected()];
    const layer = state.layer.value;
    const heads = state.loadedHeads.value;
    const head = heads === "one" ? state.head.value : null;
    void state.tries.value;
    if (state.hidden.value) return;
    if (!state.isComparing.value || first === null || second === null) {
      return untracked(() => {
        cache.abortExcept(new Set());
        comparison.clear();
        weights.clear();
      });
    }
    const wanted = comparisonJob(api, first, second, state.quantityName.value);
    const layerOfA = weightsJob(api, first, { layer, head });
    untracked(() => {
      cache.abortExcept(new Set([wanted.key, layerOfA.key]));
      void comparison.want(wanted);
      if (heads === "unknown" || heads === "none" || heads === "long") weights.clear();
      else void weights.want(layerOfA);
    });
  });
  return () => {
    dispose();
    cache.abortExcept(new Set());
  };
}
