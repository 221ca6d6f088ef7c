import { expect, it } from "vitest";

import { smooth } from "./smooth";

it("a constant stays what it is, from the first value on", () => {
  for (const value of smooth([3, 3, 3])) expect(value).toBeCloseTo(3);
});

it("jitter is damped, and what is no number leaves a gap", () => {
  const found = smooth([0, 1, NaN, 0, 1]);
  expect(found[2]).toBeNaN();
  expect(Math.abs(found[4]! - found[3]!)).toBeLessThan(0.5);
});
