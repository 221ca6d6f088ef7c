import { describe, expect, it } from "vitest";

import { firstPassed, rankAt, type HeadsOverSteps } from "./ranking";

const values: Record<number, number[]> = {
  0: [0.1, 0.2, 0.3, NaN],
  10: [0.6, 0.2, 0.6, NaN],
  20: [0.4, 0.9, 0.6, NaN],
};
const over: HeadsOverSteps = {
  steps: [0, 10, 20],
  layers: 2,
  heads: () => 2,
  at: (step, layer, head) => values[step]?.[2 * layer + head] ?? NaN,
  uniform: () => 0.25,
};

describe("heads by their weight on a pattern", () => {
  it("stand with most weight first, equal ones by number, those without a value not at all", () => {
    const names = rankAt(over, 10).map(({ layer, head }) => `${layer}.${head}`);
    expect(names).toEqual(["0.0", "1.0", "0.1"]);
  });

  it("are none at a step that was not searched", () => {
    expect(rankAt(over, 5)).toEqual([]);
  });

  it.each([
    [0, 0, 10],
    [0, 1, 20],
    [1, 1, null],
  ])("passed the threshold first: layer %d head %d at step %j", (layer, head, step) => {
    expect(firstPassed(over, layer, head, 0.5)).toBe(step);
  });
});
