/** One head's vectors and weights, and a query → its products with every key, and their way to the weights. */

import type { HeadVectors, LayerWeights, Precision } from "../../decoding/decode";
import type { LayerHeader } from "../../state";
import { keysSeen } from "./keys_seen";

export interface QueryNumbers {
  query: number;
  /** 1 where the query may attend to the key; elsewhere the numbers are NaN. */
  seen: Uint8Array;
  /** Element by element, [key, d]. */
  products: Float32Array;
  /** q · k, [key]. */
  sums: Float32Array;
  /** q · k × scale + bias, [key]. */
  scores: Float32Array;
  /** softmax(scores), [key]. */
  recomputed: Float32Array;
  /** As logged, [key]. */
  stored: Float32Array;
  largestProduct: number;
  largestSum: number;
}

/** Without a logged factor q · k enters the softmax as it is. */
export function factorOf({ scale }: HeadVectors): number {
  return scale ?? 1;
}

export function softmax(scores: Float32Array): Float32Array {
  let top = -Infinity;
  for (const score of scores) if (score > top) top = score;
  let sum = 0;
  const shares = scores.map((score) => (Number.isNaN(score) ? 0 : Math.exp(score - top)));
  for (const share of shares) sum += share;
  return sum > 0 ? shares.map((share) => share / sum) : shares;
}

export function largestOf(values: Float32Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest;
}

/** Sum of a row's products, which are put into `into`. */
function multiply(
  { query: q, key: k, dimensions: d }: HeadVectors,
  query: number,
  key: number,
  into: Float32Array,
): number {
  let sum = 0;
  for (let i = 0; i < d; i++) {
    const product = q[query * d + i]! * k[key * d + i]!;
    into[key * d + i] = product;
    sum += product;
  }
  return sum;
}

export function queryNumbers(
  header: LayerHeader,
  vectors: HeadVectors,
  weights: LayerWeights,
  head: number,
  query: number,
): QueryNumbers {
  const mask = keysSeen(header, vectors);
  const [first, end] = mask.range(query);
  const seen = new Uint8Array(header.keys);
  const products = new Float32Array(header.keys * vectors.dimensions).fill(NaN);
  const sums = new Float32Array(header.keys).fill(NaN);
  const scores = sums.slice();
  for (let key = first; key < end; key++) {
    const added = mask.added(query, key);
    if (added === -Infinity) continue;
    seen[key] = 1;
    sums[key] = multiply(vectors, query, key, products);
    scores[key] = sums[key]! * factorOf(vectors) + added;
  }
  const stored = new Float32Array(header.keys);
  weights.readRow(head, query, stored);
  return {
    ...{ query, seen, products, sums, scores, stored, recomputed: softmax(scores) },
    ...{ largestProduct: largestOf(products), largestSum: largestOf(sums) },
  };
}

const storedError: Record<Precision, number> = { uint8: 0.00197, float16: 0.0005, float32: 1e-4 };
/** A model that computes in half precision rounds its scores before the softmax. */
const modelError: Record<string, number> = { bfloat16: 0.01, float16: 0.002 };

/** How far the recomputed weight may be from the stored one without anything being amiss. */
export function errorBound(precision: Precision, dtype: string): number {
  return storedError[precision] + (modelError[dtype] ?? 0);
}

/** The key whose recomputed weight is farthest from the stored one; null where all are within the bound. */
export function farthestKey(
  { stored, recomputed }: Pick<QueryNumbers, "stored" | "recomputed">,
  bound: number,
): number | null {
  let farthest: number | null = null;
  let most = bound;
  stored.forEach((weight, key) => {
    const distance = Math.abs(weight - recomputed[key]!);
    if (!(distance > most)) return;
    most = distance;
    farthest = key;
  });
  return farthest;
}
