/** One head's vectors → the mean q × k of each dimension by the distance from query to key. */

import type { HeadVectors } from "../../decoding/decode";
import type { LayerHeader } from "../../state";
import { keysAhead, keysSeen, type KeysSeen } from "./keys_seen";

/** A mean of fewer pairs says nothing. */
export const LEAST_PAIRS = 4;
/** Farther keys, and further pairs at one distance, would cost more than the eye can see. */
export const FARTHEST = 256;
export const MOST_PAIRS = 256;

export interface DistanceMeans {
  /** Position of the key less that of the query, ascending. */
  distances: readonly number[];
  /** [distance, d] */
  means: Float32Array;
  /** Not every pair, or not every distance, is in it. */
  isSample: boolean;
}

/** Queries that have a key at the distance which they may attend to, evenly taken if there are many. */
function queriesAt(header: LayerHeader, seen: KeysSeen, distance: number): number[] {
  const offset = keysAhead(header) + distance;
  const first = Math.max(0, -offset);
  const end = Math.min(header.queries, header.keys - offset);
  const stride = Math.max(1, (end - first) / MOST_PAIRS);
  const queries: number[] = [];
  for (let place = first; place < end; place += stride) {
    const query = Math.floor(place);
    const [from, to] = seen.range(query);
    const key = query + offset;
    if (key >= from && key < to && seen.added(query, key) !== -Infinity) queries.push(query);
  }
  return queries;
}

function meanOver(
  { query: q, key: k, dimensions: d }: HeadVectors,
  queries: readonly number[],
  offset: number,
): Float64Array {
  const sums = new Float64Array(d);
  for (const query of queries)
    for (let i = 0; i < d; i++) sums[i]! += q[query * d + i]! * k[(query + offset) * d + i]!;
  return sums.map((sum) => sum / queries.length);
}

/** Self-attention only: two lists of tokens have no distance. */
export function distanceMeans(header: LayerHeader, vectors: HeadVectors): DistanceMeans {
  const seen = keysSeen(header, vectors);
  const reach = Math.min(FARTHEST, Math.max(header.queries, header.keys) - 1);
  const distances: number[] = [];
  const rows: Float64Array[] = [];
  for (let distance = -reach; distance <= reach; distance++) {
    const queries = queriesAt(header, seen, distance);
    if (queries.length < LEAST_PAIRS) continue;
    distances.push(distance);
    rows.push(meanOver(vectors, queries, keysAhead(header) + distance));
  }
  const means = new Float32Array(rows.length * vectors.dimensions);
  rows.forEach((row, i) => {
    means.set(row, i * vectors.dimensions);
  });
  return { distances, means, isSample: header.keys > Math.min(FARTHEST, MOST_PAIRS) };
}

/** Place of each value among the others, equal ones sharing theirs. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) =>
    values.reduce((rank, other) => rank + Number(other < value) + Number(other === value) / 2, 0),
  );
}

/** Spearman's rank correlation, −1 to 1; 0 where one of the two does not vary. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [ranks(a), ranks(b)];
  const middle = a.length / 2;
  let [both, ofLeft, ofRight] = [0, 0, 0];
  left.forEach((rank, i) => {
    const [x, y] = [rank - middle, right[i]! - middle];
    both += x * y;
    ofLeft += x * x;
    ofRight += y * y;
  });
  return ofLeft > 0 && ofRight > 0 ? both / Math.sqrt(ofLeft * ofRight) : 0;
}

/** A dimension decays where its mean falls with distance at least so strictly, on every side looked at. */
const DECAY = -0.95;
/** Distances on a side, below which nothing is said; and how far is looked. */
const LEAST_DISTANCES = 6;
const LOOKED_AT = 32;

export function decayingDimensions({ distances, means }: DistanceMeans): number[] {
  const dimensions = distances.length === 0 ? 0 : means.length / distances.length;
  const sides = [-1, 1]
    .map((side) =>
      distances.flatMap((distance, at) =>
        distance * side > 0 && Math.abs(distance) <= LOOKED_AT ? at : [],
      ),
    )
    .filter((places) => places.length >= LEAST_DISTANCES);
  if (sides.length === 0) return [];
  const falls = (dimension: number, places: readonly number[]): boolean =>
    rankCorrelation(
      places.map((at) => Math.abs(distances[at]!)),
      places.map((at) => means[at * dimensions + dimension]!),
    ) <= DECAY;
  return Array.from({ length: dimensions }, (_, dimension) => dimension).filter((dimension) =>
    sides.every((places) => falls(dimension, places)),
  );
}
