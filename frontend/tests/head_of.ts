/** Numbers as nested lists → one head's header, vectors and weights, as the neuron view reads them. */

import { type HeadVectors, LayerWeights } from "../src/decoding/decode";
import type { LayerHeader } from "../src/state";

export function layerHeader(
  queries: number,
  keys: number,
  more: Partial<LayerHeader> = {},
): LayerHeader {
  return {
    ...{ name: "", kind: "self", stack: "", heads: 1, kv_heads: 1, queries, keys, mask: "full" },
    ...{ scale: null, thumbnail: [1, 1], weights: true, vectors: true, mechanism: "", dtype: "" },
    ...{ query_tokens: "tokens", key_tokens: "tokens", ...more },
  };
}

export function headVectors(
  query: readonly (readonly number[])[],
  key: readonly (readonly number[])[],
  more: Partial<HeadVectors> = {},
): HeadVectors {
  return {
    ...{ layer: 0, head: 0, kvHead: 0, scale: 1, bias: null, biasShape: [] },
    query: Float32Array.from(query.flat()),
    key: Float32Array.from(key.flat()),
    dimensions: query[0]!.length,
    ...more,
  };
}

/** One head's weights, [query][key]. */
export function headWeights(rows: readonly (readonly number[])[]): LayerWeights {
  const [queries, keys] = [rows.length, rows[0]!.length];
  const ones = new Float32Array(queries).fill(1);
  return new LayerWeights(
    0,
    1,
    queries,
    keys,
    "float32",
    ones,
    null,
    Float32Array.from(rows.flat()),
  );
}
