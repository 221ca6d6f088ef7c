import { expect, it } from "vitest";

import { roundUp } from "./round_up";

it.each([
  [26, 30],
  [1, 1],
  [0.113, 0.12],
  [4096, 5000],
  [0, 0],
])("a scale for values up to %d ends at %d", (value, end) => {
  expect(roundUp(value)).toBeCloseTo(end);
});
