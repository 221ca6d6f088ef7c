import { describe, expect, test } from "vitest";

import { snippets, topKeys } from "./top_keys";

describe("the keys with most weight of a row", () => {
  test("come with what they hold together", () => {
    const row = Float32Array.from([0.5, 0, 0.125, 0.25, NaN, 0.125]);
    expect(topKeys(row, 2)).toEqual({ keys: [0, 3], coverage: 0.75 });
    expect(topKeys(row, 9)).toEqual({ keys: [0, 3, 2, 5], coverage: 1 });
  });
  test("are no keys with less than half of uniform", () => {
    expect(topKeys(Float32Array.from([0.9, 0.06, 0.02, 0.02]), 3)).toMatchObject({ keys: [0] });
  });
  test("of a row without weight are none", () => {
    expect(topKeys(new Float32Array(5), 3)).toEqual({ keys: [], coverage: 0 });
  });
  test("of a row that a sink takes a part of are parts of what is left", () => {
    expect(topKeys(Float32Array.from([0.3, 0.3]), 1).coverage).toBe(0.5);
  });
  test.each([
    [[10], [[8, 13]]],
    [
      [0, 99],
      [
        [0, 3],
        [97, 100],
      ],
    ],
    [[10, 14], [[8, 17]]], // they touch
    [
      [40, 10],
      [
        [8, 13],
        [38, 43],
      ],
    ], // in the order of the text
  ])("%j stand in %j", (keys, expected) => {
    expect(snippets(keys, 2, 100)).toEqual(expected);
  });
});
