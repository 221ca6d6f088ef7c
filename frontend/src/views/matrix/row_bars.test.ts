import { describe, expect, test } from "vitest";
import { rowBars } from "./row_bars";

describe("bars of a row", () => {
  test("are all keys in their order where they fit", () => {
    const weights = Float32Array.of(0.1, 0.8, 0.1);
    expect(rowBars(weights, [0, 1, 2], 14, null)).toEqual({
      keys: [0, 1, 2],
      full: 1,
      isCut: false,
    });
  });

  test("are the strongest of a long text, the spoken-of key among them, on a scale that shows them", () => {
    const weights = Float32Array.from({ length: 4096 }, (_, key) => key / 1e6);
    const { keys, full, isCut } = rowBars(weights, [...weights.keys()], 5, 17);
    expect(keys).toEqual([4095, 4094, 4093, 4092, 17]);
    expect(full).toBe(0.01);
    expect(isCut).toBe(true);
  });
});
