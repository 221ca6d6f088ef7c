import { describe, expect, it } from "vitest";

import { matchingRuns, stepCount, stepsText } from "./run_list";

const names = ["skewed", "control", "lr=0.1(a)"];

describe("the filter of runs", () => {
  it.each([
    ["", names],
    ["^s|control$", ["skewed", "control"]],
    ["SKEW", ["skewed"]],
    ["(a", ["lr=0.1(a)"]],
    ["nothing", []],
  ])("%j finds %j", (text, found) => {
    expect(matchingRuns(names, text)).toEqual(found);
  });
});

describe("the steps of a run", () => {
  it("are those of its probe with the most", () => {
    const tag = (count: number) => ({
      steps: Array.from({ length: count }, (_, i) => i),
      wall_times: [],
      versions: [],
      kinds: [],
    });
    expect(stepCount({ r: { a: tag(2), b: tag(5) } }, "r")).toBe(5);
    expect(stepCount({}, "r")).toBe(0);
    expect([stepsText(1), stepsText(25)]).toEqual(["1 step", "25 steps"]);
  });
});
