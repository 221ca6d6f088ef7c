import { describe, expect, it } from "vitest";

import { headVectors, headWeights, layerHeader } from "../../../tests/head_of";
import { errorBound, farthestKey, queryNumbers } from "./query_numbers";

const numbersOf = (mask: string, stored: number[][]) =>
  queryNumbers(
    layerHeader(2, 2, { mask }),
    headVectors(
      [
        [1, -2],
        [0, 0],
      ],
      [
        [3, 1],
        [1, 1],
      ],
    ),
    headWeights(stored),
    0,
    0,
  );

describe("numbers of a query", () => {
  it("are its products with each key, their sum and the logged weight", () => {
    const { products, sums, stored, largestProduct, largestSum } = numbersOf("full", [
      [0.25, 0.75],
      [1, 0],
    ]);
    expect([...products]).toEqual([3, -2, 1, -2]);
    expect([...sums]).toEqual([1, -1]);
    expect([...stored]).toEqual([0.25, 0.75]);
    expect([largestProduct, largestSum]).toEqual([3, 1]);
  });

  it("scale to what the query sees, not to hidden keys", () => {
    const { largestProduct, products } = queryNumbers(
      layerHeader(2, 2, { mask: "causal" }),
      headVectors([[1], [1]], [[2], [50]]),
      headWeights([
        [1, 0],
        [0.5, 0.5],
      ]),
      0,
      0,
    );
    expect(largestProduct).toBe(2);
    expect(products[1]).toBeNaN();
  });

  it("find the key whose logged weight is not what query and key give, beyond the error bound", () => {
    const recomputed = Float32Array.of(0.8808, 0.1192);
    expect(
      farthestKey(
        numbersOf("full", [
          [0.8808, 0.1192],
          [1, 0],
        ]),
        0.002,
      ),
    ).toBeNull();
    expect(farthestKey({ stored: Float32Array.of(0.88, 0.2), recomputed }, 0.002)).toBe(1);
  });

  it("allow what the stored precision and the model's own rounding cost", () => {
    expect(errorBound("uint8", "float32")).toBe(0.00197);
    expect(errorBound("float32", "float32")).toBeLessThan(0.001);
    expect(errorBound("uint8", "bfloat16")).toBeGreaterThan(0.01);
  });
});
