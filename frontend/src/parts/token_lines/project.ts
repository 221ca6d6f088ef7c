/** Weights by token → weights by group of tokens, mean over a group's queries and sum over its keys; heads → one. */

import { LayerWeights } from "../../decoding/decode";
import { isWhole, type TokenGroups } from "./token_groups";

export interface Projected {
  weights: LayerWeights;
  /** Weight of each shown query on keys that are not shown, [head, query]; null when all are. */
  outside: Float32Array | null;
}

function projectHead(
  weights: LayerWeights,
  head: number,
  [query, key]: readonly [TokenGroups, TokenGroups],
  into: Float32Array,
  outside: Float32Array,
): void {
  const row = new Float32Array(weights.keys);
  for (let group = 0; group < query.count; group++) {
    const [first, end] = [query.starts[group]!, query.starts[group + 1]!];
    const share = 1 / (end - first);
    for (let at = first; at < end; at++) {
      weights.readRow(head, at, row);
      let all = 0;
      for (const weight of row) all += weight;
      for (let column = 0; column < key.count; column++) {
        let sum = 0;
        for (let token = key.starts[column]!; token < key.starts[column + 1]!; token++)
          sum += row[token]!;
        into[group * key.count + column]! += sum * share;
        all -= sum;
      }
      outside[group]! += Math.max(0, all) * share;
    }
  }
}

export function project(weights: LayerWeights, query: TokenGroups, key: TokenGroups): Projected {
  if (isWhole(query) && isWhole(key)) return { weights, outside: null };
  const { heads, firstHead } = weights;
  const size = query.count * key.count;
  const values = new Float32Array(heads * size);
  const outside = new Float32Array(heads * query.count);
  for (let i = 0; i < heads; i++)
    projectHead(
      weights,
      firstHead + i,
      [query, key],
      values.subarray(i * size, (i + 1) * size),
      outside.subarray(i * query.count, (i + 1) * query.count),
    );
  const shown = new LayerWeights(
    ...[weights.layer, heads, query.count, key.count, "float32" as const, new Float32Array(0)],
    ...[null, values, firstHead],
  );
  const isCut = key.starts[0]! > 0 || key.starts[key.count]! < key.tokens;
  return { weights: shown, outside: isCut ? outside : null };
}

/** One head made of some heads: the mean or the maximum of their weights, cell by cell. */
export function summarised(
  weights: LayerWeights,
  heads: readonly number[],
  summary: "mean" | "max",
): LayerWeights {
  const { queries, keys, layer } = weights;
  const values = new Float32Array(queries * keys);
  const row = new Float32Array(keys);
  for (const head of heads)
    for (let query = 0; query < queries; query++) {
      weights.readRow(head, query, row);
      const start = query * keys;
      for (let key = 0; key < keys; key++) {
        const weight = row[key]!;
        if (summary === "mean") values[start + key]! += weight / heads.length;
        else if (!(weight <= values[start + key]!)) values[start + key] = weight;
      }
    }
  return new LayerWeights(layer, 1, queries, keys, "float32", new Float32Array(0), null, values);
}
