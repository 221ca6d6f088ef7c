/** Weights and the tokens of their rows → a table with a line for each query and key of each head. */

import { quantityName } from "../../state";
import type { Table, Value } from "../../text/csv";
import type { LayerWeights } from "../../decoding/decode";
import type { LayerAxes } from "./axis";

export interface WeightsOf {
  step: number;
  weights: LayerWeights;
  heads: readonly { head: number; name: string }[];
  axes: LayerAxes;
}

/** Of more numbers than these the small ones are left out. */
const MOST_ROWS = 2_000_000;
const SMALL = 0.001;

const columns = ["step", "layer", "head", "query", "key", "query_token", "key_token"];

function* rowsOf({ step, weights, heads, axes }: WeightsOf): Generator<Value[]> {
  const count = heads.length * axes.query.rows.length * axes.key.rows.length;
  const least = count > MOST_ROWS ? SMALL : 0;
  const row = new Float32Array(weights.keys);
  for (const { head, name } of heads)
    for (const query of axes.query.rows) {
      weights.readRow(head, query.token, row);
      for (const key of axes.key.rows) {
        const weight = row[key.token]!;
        if (weight < least) continue;
        yield [step, weights.layer, name, query.token, key.token, query.raw, key.raw, weight];
      }
    }
}

export function weightsTable(of: WeightsOf): Table {
  const named = [...columns, quantityName.peek()];
  return { columns: named, rows: { [Symbol.iterator]: () => rowsOf(of) } };
}
