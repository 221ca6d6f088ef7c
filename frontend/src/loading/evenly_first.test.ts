import { expect, it } from "vitest";

import { evenlyFirst } from "./evenly_first";

it.each([
  [0, []],
  [1, [0]],
  [2, [1, 0]],
  [5, [4, 0, 2, 1, 3]],
  [9, [8, 0, 4, 2, 6, 1, 3, 5, 7]],
])("of %i the order is %j", (count, order) => {
  expect(evenlyFirst(count)).toEqual(order);
});

it("each comes once", () => {
  expect(evenlyFirst(137).sort((a, b) => a - b)).toEqual([...Array(137).keys()]);
});
