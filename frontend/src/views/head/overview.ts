/** Weights of the shown heads → what each key receives on the mean, and how much is not drawn. */

import type { LayerWeights } from "../../decoding/decode";
import type { LayerAxes } from "../../parts/token_lines/axis";

export interface Overview {
  /** For each head, by key: mean weight over the queries that are not off. */
  received: Float32Array[];
  /** Parts of the weight that are not drawn, 0 to 1: below the threshold, and on muted or hidden tokens. */
  belowThreshold: number;
  onSilenced: number;
}

function queriesOn({ query }: LayerAxes): number[] {
  return query.rows.flatMap((row) => (row.off ? [] : row.token));
}

/** Part of the sums that lies on these keys. */
function partOn(keys: readonly number[], sums: readonly Float32Array[], all: number): number {
  let part = 0;
  for (const column of sums) for (const key of keys) part += column[key]! || 0;
  return all > 0 ? part / all : 0;
}

export function overviewOf(
  weights: LayerWeights,
  heads: readonly number[],
  axes: LayerAxes,
  threshold: number,
): Overview {
  const queries = queriesOn(axes);
  const silent = new Set([...axes.key.filtered, ...axes.key.silenced]);
  const row = new Float32Array(weights.keys);
  const mass = new Float64Array(2); // all, and below the threshold; captured numbers would be boxed at every sum
  const sums = heads.map((head) => {
    const received = new Float32Array(weights.keys);
    for (const query of queries) {
      weights.readRow(head, query, row);
      for (let key = 0; key < row.length; key++) {
        const weight = row[key]!;
        received[key]! += weight;
        if (Number.isNaN(weight)) continue;
        mass[0]! += weight;
        if (weight < threshold && !silent.has(key)) mass[1]! += weight;
      }
    }
    return received;
  });
  const [all, below] = mass as unknown as [number, number];
  return {
    received: sums.map((column) => column.map((sum) => sum / queries.length)),
    belowThreshold: all > 0 ? below / all : 0,
    onSilenced: partOn(axes.key.silenced, sums, all),
  };
}
