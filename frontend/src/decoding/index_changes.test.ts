import { describe, expect, it } from "vitest";

import type { RunIndex, TagIndex } from "./answers";
import { applyIndexChanges, parseChanges, type IndexChanges } from "./index_changes";

const listed = (steps: number[], version = "v"): TagIndex => ({
  steps,
  wall_times: steps.map((step) => step / 10),
  versions: steps.map((step) => `${version}${step}`),
  kinds: steps.map(() => "weights"),
});
const index: RunIndex = { r: { p: listed([0, 10, 20]), q: listed([5]) }, s: { p: listed([1]) } };
const changes = (told: Partial<IndexChanges>): IndexChanges => ({
  token: "t",
  whole: false,
  runs: {},
  gone: {},
  ...told,
});

describe("changes of the index", () => {
  it("add new steps, and put those written anew in place of the old ones", () => {
    const runs = { r: { p: listed([10, 30], "new") }, n: { z: listed([7]) } };
    const next = applyIndexChanges(index, changes({ runs }));
    expect(next["r"]!["p"]!.steps).toEqual([0, 10, 20, 30]);
    expect(next["r"]!["p"]!.versions).toEqual(["v0", "new10", "v20", "new30"]);
    expect(next["r"]!["p"]!.wall_times).toEqual([0, 1, 2, 3]);
    expect(next["n"]).toEqual({ z: listed([7]) });
    expect(next["r"]!["q"]).toBe(index["r"]!["q"]);
    expect(index["r"]!["p"]!.steps).toEqual([0, 10, 20]);
  });

  it("take away steps, tags and runs that are gone", () => {
    const gone = { r: { p: [10], q: null }, s: { p: null } };
    expect(applyIndexChanges(index, changes({ gone }))).toEqual({ r: { p: listed([0, 20]) } });
  });

  it("are the whole index where the server says so", () => {
    const runs = { n: { z: listed([7]) } };
    expect(applyIndexChanges(index, changes({ whole: true, runs }))).toEqual(runs);
  });

  it("are none in an answer without a token, even of a run of that name", () => {
    expect(parseChanges({ token: { p: listed([1]) } })).toBeNull();
    expect(parseChanges(changes({}))).toEqual(changes({}));
  });
});
