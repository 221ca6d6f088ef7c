import { describe, expect, it } from "vitest";

import { LayerWeights } from "../../decoding/decode";
import {
  areAlike,
  changedWeights,
  focusedDifferences,
  GAINED,
  KEPT,
  LOST,
} from "./difference_weights";

const weights = (values: number[], layer = 0): LayerWeights =>
  new LayerWeights(
    layer,
    2,
    2,
    2,
    "float32",
    new Float32Array(0),
    null,
    Float32Array.from([0, 0, 0, 0, ...values]),
  );

const first = weights([0.5, 0.5, 0.25, 0.75]);
const second = weights([1, 0, 0.25, 0.75]);

describe("what a head gained, lost and kept", () => {
  it("parts the difference by its sign", () => {
    const changed = changedWeights(first, second, 1, 0);
    expect([0, 1].map((key) => changed.weight(GAINED, 0, key))).toEqual([0.5, 0]);
    expect([0, 1].map((key) => changed.weight(LOST, 0, key))).toEqual([0, 0.5]);
    expect([0, 1].map((key) => changed.weight(KEPT, 1, key))).toEqual([0.25, 0.75]);
  });

  it("leaves out differences below the limit, not what was kept", () => {
    const changed = changedWeights(first, second, 1, 0.6);
    expect(changed.weight(GAINED, 0, 0)).toBe(0);
    expect(changed.weight(LOST, 0, 1)).toBe(0);
    expect(changed.weight(KEPT, 0, 0)).toBe(0.5);
  });

  it("reads a query's keys and a key's queries", () => {
    const byQuery = focusedDifferences(first, second, 1, { side: "query", token: 0 });
    expect([...byQuery.difference]).toEqual([0.5, -0.5]);
    const byKey = focusedDifferences(first, second, 1, { side: "key", token: 0 });
    expect([...byKey.before]).toEqual([0.5, 0.25]);
    expect([...byKey.difference]).toEqual([0.5, 0]);
  });

  it("does not subtract one layer from another", () => {
    expect(areAlike(first, second)).toBe(true);
    expect(areAlike(first, weights([1, 0, 0, 1], 3))).toBe(false);
  });
});
