/** Weights with the lengths of their values → what stands behind each contribution: the weight itself, and how long the key's value is. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { isContribution, shown, weights as loadedWeights } from "../../state";
import { focusWeights } from "../../parts/token_lines/focus_weights";
import type { LayerNumbers } from "./layer_numbers";
import { overviewOf } from "./overview";

export interface BehindContributions {
  /** As the table's numbers: of each head, by key. */
  readonly weights: readonly Float32Array[];
  /** By key, on the mean over the heads; 1 is the head's mean over all keys. */
  readonly norms: Float32Array;
}

export function meanNorms(norm: Float32Array, keys: number, rows: readonly number[]): Float32Array {
  const means = new Float32Array(keys);
  for (const head of rows) {
    const own = norm.subarray(head * keys, (head + 1) * keys);
    const mean = own.reduce((sum, each) => sum + each, 0) / keys;
    for (let key = 0; key < keys; key++) means[key]! += own[key]! / mean / rows.length;
  }
  return means;
}

/** null where weights are shown, rows are queries, or the text's tokens are joined or cut. */
export function useBehindContributions(of: LayerNumbers): BehindContributions | null {
  const raw = isContribution.value ? (shown(loadedWeights.value) ?? null) : null;
  const { weights, heads, focus, axes, text, rows } = of;
  const isApart =
    raw === null || text.changed || rows.side !== "key" || weights.heads < heads.length;
  return useMemo(() => {
    if (isApart || !areAlike(raw, weights) || raw.valueNorm === null) return null;
    const list = heads.map(({ head }) => head);
    const own = list.map((head) => head - raw.firstHead);
    return {
      weights:
        focus === null
          ? overviewOf(raw, list, axes, 0).received
          : list.map((head) => focusWeights(raw, head, focus)),
      norms: meanNorms(raw.valueNorm, raw.keys, own),
    };
  }, [raw, weights, heads, axes, focus?.side, focus?.token, isApart]);
}

function areAlike(one: LayerWeights, other: LayerWeights): boolean {
  return (
    one.layer === other.layer &&
    one.heads === other.heads &&
    one.firstHead === other.firstHead &&
    one.keys === other.keys &&
    one.queries === other.queries
  );
}
