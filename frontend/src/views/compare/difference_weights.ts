/** Weights of one head in records A and B → what it gained, lost and kept, as three heads to draw, and their difference. */

import { LayerWeights } from "../../decoding/decode";

/** Heads of the result, in this order. */
export const GAINED = 0;
export const LOST = 1;
export const KEPT = 2;

/** The same layer of both, with the same queries and keys. */
export function areAlike(first: LayerWeights, second: LayerWeights): boolean {
  return (
    first.layer === second.layer && first.queries === second.queries && first.keys === second.keys
  );
}

/** Gained is B − A where positive, lost A − B where positive, kept the smaller of both; gained and lost below `least` are 0. */
export function changedWeights(
  first: LayerWeights,
  second: LayerWeights,
  head: number,
  least: number,
): LayerWeights {
  const { layer, queries, keys } = second;
  const size = queries * keys;
  const values = new Float32Array(3 * size);
  const [one, other] = [new Float32Array(keys), new Float32Array(keys)];
  for (let query = 0; query < queries; query++) {
    first.readRow(head, query, one);
    second.readRow(head, query, other);
    for (let key = 0; key < keys; key++) {
      const at = query * keys + key;
      const difference = other[key]! - one[key]!;
      if (Math.abs(difference) >= least)
        values[(difference > 0 ? GAINED : LOST) * size + at] = Math.abs(difference);
      values[KEPT * size + at] = Math.min(one[key]!, other[key]!);
    }
  }
  const rowMax = new Float32Array(0);
  return new LayerWeights(layer, 3, queries, keys, "float32", rowMax, null, values);
}

export interface Focus {
  readonly side: "query" | "key";
  readonly token: number;
}

/** Weights of A and B of the focused token, by the tokens of the other side. */
export function focusedDifferences(
  first: LayerWeights,
  second: LayerWeights,
  head: number,
  { side, token }: Focus,
): { before: Float32Array; after: Float32Array; difference: Float32Array } {
  const length = side === "query" ? second.keys : second.queries;
  const read = (weights: LayerWeights): Float32Array =>
    Float32Array.from({ length }, (_, at) =>
      side === "query" ? weights.weight(head, token, at) : weights.weight(head, at, token),
    );
  const [before, after] = [read(first), read(second)];
  return { before, after, difference: after.map((weight, at) => weight - before[at]!) };
}
