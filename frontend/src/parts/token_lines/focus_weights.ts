/** One head and the focused token → its weights by the tokens of the other side. */

import type { LayerWeights } from "../../decoding/decode";
import type { Focus } from "./focus";

/** Of a query: its weight on each key; of a key: the weight that each query puts on it. */
export function focusWeights(weights: LayerWeights, head: number, focus: Focus): Float32Array {
  if (focus.side === "query") {
    const row = new Float32Array(weights.keys);
    weights.readRow(head, focus.token, row);
    return row;
  }
  return Float32Array.from({ length: weights.queries }, (_, query) =>
    weights.weight(head, query, focus.token),
  );
}

/** Token with the largest weight; null when all are zero. */
export function strongestToken(values: Float32Array): number | null {
  let best: number | null = null;
  values.forEach((value, token) => {
    if (value > (best === null ? 0 : values[best]!)) best = token;
  });
  return best;
}
