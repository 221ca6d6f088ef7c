import { expect, it } from "vitest";

import { LayerWeights } from "../../decoding/decode";
import type { LayerAxes } from "../../parts/token_lines/axis";
import { matrixTable } from "./matrix_export";
import type { MatrixSource } from "./use_matrix";

it("the table of the matrix has a row for each query, with the weight of every key", () => {
  const values = Float32Array.of(1, 0, 0.25, 0.75);
  const weights = new LayerWeights(0, 1, 2, 2, "float32", new Float32Array(2), null, values);
  const rows = ["she", "nurse"].map((raw, token) => ({ token, raw }));
  const axes = { query: { rows }, key: { rows } } as unknown as LayerAxes;
  const { columns, rows: lines } = matrixTable({ weights, head: 0, axes } as MatrixSource);
  expect(columns).toEqual(["query", "0 she", "1 nurse"]);
  expect([...lines]).toEqual([
    ["0 she", 1, 0],
    ["1 nurse", 0.25, 0.75],
  ]);
});
