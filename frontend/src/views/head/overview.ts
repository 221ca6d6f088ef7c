/** Weights of the shown heads → what each key receives on the mean, and how much the threshold hides. */

import type { LayerWeights } from "../../decode";
import type { LayerAxes } from "../token_lines/axis";

export interface Overview {
  /** For each head, by key: mean weight over the queries that are not off. */
  received: Float32Array[];
  /** Part of the weight that the threshold leaves undrawn, 0 to 1. */
  belowThreshold: number;
}

function queriesOn({ query }: LayerAxes): number[] {
  return query.rows.flatMap((row) => (row.off ? [] : row.tokens));
}

export function overviewOf(
  weights: LayerWeights,
  heads: readonly number[],
  axes: LayerAxes,
  threshold: number,
): Overview {
  const queries = queriesOn(axes);
  const row = new Float32Array(weights.keys);
  let all = 0;
  let below = 0;
  const received = heads.map((head) => {
    const sums = new Float32Array(weights.keys);
    for (const query of queries) {
      weights.readRow(head, query, row);
      for (let key = 0; key < row.length; key++) {
        const weight = row[key]!;
        sums[key]! += weight;
        all += weight;
        if (weight < threshold) below += weight;
      }
    }
    return sums.map((sum) => sum / queries.length);
  });
  return { received, belowThreshold: all > 0 ? below / all : 0 };
}
