import { describe, expect, it } from "vitest";

import { rowsOf, stepCount, stepsText } from "./run_list";

describe("the rows of runs", () => {
  it.each([
    ["without folders", ["a", "b"], "", ["a", "b"]],
    ["in one folder", ["x/a", "x/b"], "", ["x/a", "x/b"]],
    ["each in its own folder", ["x/a", "y/a"], "", ["x/a", "y/a"]],
    ["in folders", ["x/a", "x/b", "y/c"], "", ["x/: 2", "x/a", "x/b", "y/: 1", "y/c"]],
    [
      "with a shared start",
      ["e/x/a", "e/x/b", "e/c"],
      "e/",
      ["e/x/: 2", "e/x/a", "e/x/b", "e/: 1", "e/c"],
    ],
  ])("%s", (_, names, prefix, rows) => {
    expect(
      rowsOf(names, prefix).map((row) =>
        row.kind === "run" ? row.name : `${row.name}: ${row.runs.length}`,
      ),
    ).toEqual(rows);
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
