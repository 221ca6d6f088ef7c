/** Weights of a layer and how long each key's value is → what each key contributes (Kobayashi et al. 2020). */

import { LayerWeights } from "./decode";

/** What a head's pictures and numbers are of. */
export type Quantity = "weight" | "contribution";

const known = new WeakMap<LayerWeights, LayerWeights>();

/** Weight × length of the key's value, by its row's sum; 0 in a row that moves nothing. null: no lengths are known. */
export function contributionsOf(weights: LayerWeights): LayerWeights | null {
  if (weights.valueNorm === null) return null;
  const found = known.get(weights) ?? made(weights, weights.valueNorm);
  known.set(weights, found);
  return found;
}

function made(weights: LayerWeights, norm: Float32Array): LayerWeights {
  const { layer, heads, queries, keys, firstHead } = weights;
  const values = new Float32Array(heads * queries * keys);
  for (let head = 0; head < heads; head++)
    for (let query = 0; query < queries; query++) {
      const start = (head * queries + query) * keys;
      const row = values.subarray(start, start + keys);
      weights.readRow(firstHead + head, query, row);
      share(row, norm.subarray(head * keys, (head + 1) * keys));
    }
  const none = new Float32Array(0);
  return new LayerWeights(layer, heads, queries, keys, "float32", none, null, values, firstHead);
}

function share(row: Float32Array, norm: Float32Array): void {
  let sum = 0;
  for (let key = 0; key < row.length; key++) sum += row[key]! *= norm[key]!;
  const factor = sum > 0 ? 1 / sum : sum === 0 ? 0 : NaN;
  for (let key = 0; key < row.length; key++) row[key]! *= factor;
}
