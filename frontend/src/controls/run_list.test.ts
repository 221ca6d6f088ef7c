import { describe, expect, it } from "vitest";

import { run } from "../state";
import { openRows, rowsOf, stepCount, stepsText } from "./run_list";

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
        row.kind === "folder" ? `${row.name}: ${row.runs.length}` : row.name,
      ),
    ).toEqual(rows);
  });
});

describe("the folders of many runs", () => {
  const names = ["lr1", "lr2"].flatMap((folder) =>
    Array.from({ length: 25 }, (_, at) => `${folder}/bs64-rope-warm500-seed${at}`),
  );

  it("show the runs of the selected one's alone, without what siblings share", () => {
    run.value = names[30]!;
    const rows = openRows(rowsOf(names, ""), names.length);
    expect(rows.map(({ kind }) => kind).slice(0, 2)).toEqual(["folder", "folder"]);
    const inside = rows.flatMap((row) => (row.kind === "run" ? [row] : []));
    expect(inside.map(({ name }) => name)).toEqual(names.slice(25, 33));
    expect(rows.at(-1)).toMatchObject({ kind: "more", count: 17 });
    expect(new Set(inside.map(({ shared }) => shared))).toEqual(
      new Set(["lr2/bs64-rope-warm500-"]),
    );
  });

  it("have the selected one among the first", () => {
    run.value = names[49]!;
    const rows = openRows(rowsOf(names, ""), names.length);
    expect(rows.slice(-3).map(({ name }) => name)).toEqual([names[32], names[49], "lr2/"]);
  });

  it("of few runs are all open", () => {
    const few = names.filter((_, at) => at % 5 === 0);
    expect(openRows(rowsOf(few, ""), few.length)).toHaveLength(2 + few.length);
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
