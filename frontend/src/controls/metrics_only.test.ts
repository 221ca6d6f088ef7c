import { expect, it } from "vitest";

import { nearestPattern } from "./metrics_only";

const steps = [0, 50, 100, 150, 200];
const kinds = ["weights", "metrics", "metrics", "metrics", "weights"];

it.each([
  ["the closest", 3, [], 200],
  ["the earlier of two", 2, [], 0],
  ["a readable one", 3, [200], 0],
  ["none", 2, [0, 200], null],
] as const)("the nearest pattern is %s", (_, position, damaged, expected) => {
  expect(nearestPattern(steps, kinds, position, new Set(damaged))).toBe(expected);
});
