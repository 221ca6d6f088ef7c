import { describe, expect, test } from "vitest";
import { LayerWeights } from "../../decoding/decode";
import { focusOf } from "./focus";
import { focusWeights, strongestToken } from "./focus_weights";

const values = Float32Array.of(0.25, 0.5, 0.25, 0.125, 0, 0.875);
const weights = new LayerWeights(0, 1, 2, 3, "float32", new Float32Array(2), null, values);

describe("focus", () => {
  test("the query goes before the key, and tokens outside the lists count for none", () => {
    expect(focusOf({ query: 1, key: 2 }, 2, 3)).toEqual({ side: "query", token: 1 });
    expect(focusOf({ query: null, key: 2 }, 2, 3)).toEqual({ side: "key", token: 2 });
    expect(focusOf({ query: 2, key: 3 }, 2, 3)).toBeNull();
  });

  test("a query's weights are by key, a key's by query", () => {
    expect([...focusWeights(weights, 0, { side: "query", token: 1 })]).toEqual([0.125, 0, 0.875]);
    expect([...focusWeights(weights, 0, { side: "key", token: 0 })]).toEqual([0.25, 0.125]);
  });

  test("the strongest token has the largest weight, none of zeros", () => {
    expect(strongestToken(Float32Array.of(0.1, 0.7, 0.2))).toBe(1);
    expect(strongestToken(new Float32Array(3))).toBeNull();
    expect(strongestToken(Float32Array.of(NaN, 0.2))).toBe(1);
  });
});
