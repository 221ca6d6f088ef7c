import { beforeEach, describe, expect, it } from "vitest";

import * as state from ".";
import type { RecordHeader, RunIndex, TagIndex } from ".";

const tag = (...steps: number[]): TagIndex => ({
  steps,
  wall_times: steps,
  versions: steps.map((each) => `v${each}`),
  kinds: steps.map(() => "weights"),
});

const index: RunIndex = {
  "run 10": { a: tag(0, 10) },
  "run 2": { "doctor/she": tag(0, 4, 8), "doctor/he": tag(0, 8, 16) },
};

/** Only what the actions read. */
const header = (...heads: number[]): RecordHeader =>
  ({ layers: heads.map((each) => ({ heads: each, queries: 5, keys: 5 })) }) as RecordHeader;

const ready = <T>(value: T): state.Loaded<T> => ({ status: "ready", value });

beforeEach(() => {
  state.index.value = null;
  for (const each of [state.run, state.tag, state.step, state.query, state.key, state.shownHeads])
    each.value = null;
  state.layer.value = 0;
  state.head.value = 0;
  state.hiddenRuns.value = new Set();
  state.runFilter.value = "";
  for (const each of [state.record, state.thumbnails, state.weights, state.series])
    each.value = { status: "idle" };
});

describe("another layer", () => {
  it("leaves the choice of heads as it is, so that nothing is drawn before its weights are there", () => {
    state.record.value = ready(header(4, 4));
    const chosen = new Set([1, 2]);
    state.shownHeads.value = chosen;
    state.selectLayer(1);
    expect(state.layer.value).toBe(1);
    expect(state.shownHeads.value).toBe(chosen);
  });

  it("with fewer heads keeps those that it has", () => {
    state.record.value = ready(header(4, 2));
    state.shownHeads.value = new Set([1, 3]);
    state.selectLayer(1);
    expect(state.shownHeads.value).toEqual(new Set([1]));
  });
});

describe("a listing", () => {
  it("opens the first run and probe, in the order of their numbers, at the latest step", () => {
    state.setIndex(index);
    expect(state.runs.value).toEqual(["run 2", "run 10"]);
    expect([state.run.value, state.tag.value, state.step.value]).toEqual([
      "run 2",
      "doctor/he",
      16,
    ]);
  });

  it("with new steps moves the slider when it stands on the latest", () => {
    state.setIndex(index);
    state.setIndex({ "run 2": { "doctor/he": tag(0, 8, 16, 24) } });
    expect(state.step.value).toBe(24);
  });

  it("with new steps leaves the slider anywhere else", () => {
    state.setIndex(index);
    state.selectStep(8);
    state.setIndex({ "run 2": { "doctor/he": tag(0, 8, 16, 24) } });
    expect([state.step.value, state.stepPosition.value]).toEqual([8, 1]);
  });

  it("without the selected run goes to one that is there", () => {
    state.setIndex(index);
    state.setIndex({ "run 10": { a: tag(0, 10) } });
    expect([state.run.value, state.tag.value, state.step.value]).toEqual(["run 10", "a", 10]);
  });

  it("that is empty leaves nothing selected", () => {
    state.setIndex(index);
    state.setIndex({});
    expect([state.run.value, state.tag.value, state.step.value]).toEqual([null, null, null]);
  });
});

describe("moving", () => {
  beforeEach(() => state.setIndex(index));

  it("to another probe keeps the step, or takes the nearest", () => {
    state.selectTag("doctor/she");
    expect(state.step.value).toBe(8);
    state.selectStep(4);
    state.selectTag("doctor/he");
    expect(state.step.value).toBe(0);
  });

  it("to another run keeps the probe where it exists", () => {
    state.selectRun("run 10");
    expect(state.tag.value).toBe("a");
    state.selectPlace("run 2", "doctor/she");
    expect([state.run.value, state.tag.value]).toEqual(["run 2", "doctor/she"]);
  });

  it("by steps stops at both ends and remembers the direction", () => {
    state.stepBy(-1);
    expect([state.step.value, state.direction.value]).toEqual([8, -1]);
    state.stepBy(-5);
    expect(state.step.value).toBe(0);
    state.stepBy(1);
    expect([state.step.value, state.direction.value]).toEqual([8, 1]);
    state.stepBy(50);
    expect(state.step.value).toBe(16);
  });

  it("marks what was loaded as belonging to another selection, and keeps it on screen", () => {
    state.record.value = ready(header(2));
    state.thumbnails.value = ready({ layers: [], codes: new Uint8Array() });
    state.selectStep(0);
    expect(state.record.value).toEqual({ status: "loading", previous: header(2) });
    expect(state.thumbnails.value.status).toBe("loading");
  });

  it("to another layer makes only the weights stale", () => {
    state.record.value = ready(header(2, 2));
    state.weights.value = { status: "ready", value: {} as never };
    state.selectLayer(1);
    expect([state.record.value.status, state.weights.value.status]).toEqual(["ready", "loading"]);
  });

  it("to where one stands changes nothing", () => {
    state.record.value = ready(header(2));
    state.selectStep(16);
    state.selectRun("run 2");
    expect(state.record.value.status).toBe("ready");
  });

  it("opens a head in its own view", () => {
    state.openHead(0, 1);
    expect([state.view.value, state.layer.value, state.head.value]).toEqual(["head", 0, 1]);
  });
});

describe("shown heads", () => {
  beforeEach(() => {
    state.setIndex(index);
    state.record.value = ready(header(3, 2));
  });

  const shown = (): number[] | null => state.shownHeads.value && [...state.shownHeads.value].sort();

  it("toggle one by one, and all of them are written as null", () => {
    state.toggleHead(1);
    expect(shown()).toEqual([0, 2]);
    state.toggleHead(1);
    expect(shown()).toBeNull();
  });

  it("are never empty", () => {
    state.isolateHead(2);
    expect(shown()).toEqual([2]);
    state.toggleHead(2);
    expect(shown()).toEqual([2]);
  });

  it("shown alone are the selected ones, so that other views show them", () => {
    state.isolateHead(2);
    expect(state.head.value).toBe(2);
    state.showAllHeads();
    state.toggleHead(2);
    state.toggleHead(0);
    expect([shown(), state.head.value]).toEqual([[1], 1]);
  });

  it("isolated twice are all again", () => {
    state.isolateHead(1);
    state.isolateHead(1);
    expect(shown()).toBeNull();
  });

  it("that a narrower layer does not have are dropped, with head and tokens brought inside", () => {
    state.isolateHead(2);
    state.selectHead(0, 2);
    state.pinQuery(4);
    state.pinKey(7);
    state.selectLayer(1);
    expect(shown()).toBeNull();
    expect([state.head.value, state.query.value, state.key.value]).toEqual([1, 4, null]);
  });
});

describe("runs", () => {
  beforeEach(() => state.setIndex(index));

  it("untick and tick again; unticking the selected one moves to the next ticked", () => {
    state.toggleRun("run 2");
    expect([...state.visibleRuns.value]).toEqual(["run 10"]);
    expect(state.run.value).toBe("run 10");
    state.toggleRun("run 2");
    expect(state.visibleRuns.value.size).toBe(2);
  });

  it("are drawn together beyond eight, and those that are too many are counted", () => {
    const one = index["run 2"];
    const names = Array.from({ length: 80 }, (_, at) => `seed ${at}`);
    state.setIndex(Object.fromEntries(names.map((name) => [name, one!])));
    expect(state.rivalRuns.value).toHaveLength(79);
    expect(state.otherRuns.value).toHaveLength(state.MOST_RUNS - 1);
    expect(state.MOST_RUNS).toBeGreaterThan(8);
    state.filterNames("seed 1");
    expect(state.otherRuns.value).toHaveLength(10);
    state.filterNames("");
  });

  it("that the filter takes out are not drawn; the selected one is then one that is", () => {
    state.filterNames("10");
    expect([[...state.visibleRuns.value], state.run.value]).toEqual([["run 10"], "run 10"]);
    state.filterNames("");
    expect(state.visibleRuns.value.size).toBe(2);
  });

  it("stay when the filter is meant for probes, and probes when it is meant for runs", () => {
    state.filterNames("doctor/he");
    expect([state.listedRuns.value.length, state.listedTags.value]).toEqual([2, ["doctor/he"]]);
    state.filterNames("run 2");
    expect([state.listedRuns.value, state.listedTags.value.length]).toEqual([["run 2"], 2]);
    state.filterNames("nothing");
    expect([state.listedRuns.value, state.listedTags.value]).toEqual([[], []]);
  });

  it("the last ticked one stays", () => {
    state.toggleRun("run 10");
    state.toggleRun("run 2");
    expect([...state.visibleRuns.value]).toEqual(["run 2"]);
  });
});

describe("pins", () => {
  it("are freed by pinning again", () => {
    state.pinQuery(3);
    state.pinQuery(3);
    expect(state.query.value).toBeNull();
  });
});
