/** The answer of `rollout` → what of each position reaches each query through all layers of a stack. */

import { takeArray, unpack } from "./unpack";

export interface Rollout {
  readonly stack: string;
  /** Their numbers. */
  readonly layers: readonly number[];
  /** Queries and keys: positions of one list. */
  readonly length: number;
  /** Query by query; rows sum to 1. */
  readonly weights: Float32Array;
}

export function decodeRollout(buffer: ArrayBuffer): Rollout {
  const answer = unpack(buffer);
  const weights = takeArray(answer, "weights", "float32");
  const { stack, layers } = answer.fields as unknown as Pick<Rollout, "stack" | "layers">;
  return { stack, layers, length: Math.sqrt(weights.length), weights };
}

/** Of a query by key, or of a key by query. */
export function rolloutLine(
  { weights, length }: Rollout,
  side: "query" | "key",
  at: number,
): Float32Array {
  if (side === "query") return weights.slice(at * length, (at + 1) * length);
  return Float32Array.from({ length }, (_, query) => weights[query * length + at]!);
}
