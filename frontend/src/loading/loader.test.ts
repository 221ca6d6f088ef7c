import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { fakeApi, header, listing, type FakeApi } from "../../tests/fake_api";
import { ApiError } from "../decoding/errors";
import { startLoader, type Loader } from "./loader";
import * as state from "../state";
import { applyPairs } from "../page/url";

let api: FakeApi;
let loader: Loader;

/** Until what follows from an answer is done, after a frame and its paint. */
async function tick(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}
const whats = (): string[] => api.asked.map(({ what }) => what);
const asked = (start: string): string[] => whats().filter((what) => what.startsWith(start));
const shownStep = (): number | undefined => state.shown(state.record.value)?.step;

async function open(steps: number, bytes?: number): Promise<void> {
  api.listing = listing(steps);
  loader = startLoader(api, bytes);
  await api.settle();
}

/** Answer open requests that start so, and no other. */
async function answer(start: string): Promise<void> {
  for (const entry of api.open()) if (entry.what.startsWith(start)) entry.answer();
  await tick();
}

beforeEach(() => {
  applyPairs([]);
  state.view.value = "model";
  state.index.value = null;
  state.indexError.value = null;
  state.hidden.value = false;
  state.probeHeaders.value = new Map();
  state.direction.value = 1;
  for (const each of [state.record, state.thumbnails, state.weights, state.series, state.headMaps])
    each.value = { status: "idle" };
  api = fakeApi();
});

afterEach(() => loader.stop());

describe("the loader", () => {
  it("lists, then brings the latest step: record, thumbnails, weights of the layer, metrics", async () => {
    await open(1);
    expect([state.run.value, state.tag.value, state.step.value]).toEqual(["r", "p", 0]);
    for (const part of [state.record, state.thumbnails, state.weights, state.series])
      expect(part.value.status).toBe("ready");
    expect(new Set(whats())).toEqual(
      new Set(["index", "record p 0 v0", "thumbnails p 0 v0", "weights 0 p 0 v0", "metrics r p"]),
    );
  });

  it("asks for no thumbnails in the head view", async () => {
    state.view.value = "head";
    await open(2);
    expect(asked("thumbnails")).toEqual([]);
    expect(state.weights.value.status).toBe("ready");
  });

  it("keeps the last step on screen while the next one loads", async () => {
    await open(100, 1000);
    state.selectStep(0);
    expect(state.record.value).toMatchObject({ status: "loading", previous: { step: 990 } });
    await api.settle();
    expect(state.record.value).toMatchObject({ status: "ready", value: { step: 0 } });
  });

  it("shows a prefetched step at once, in the same batch as the move", async () => {
    await open(3);
    const before = api.asked.length;
    state.stepBy(-1);
    expect(state.record.value).toMatchObject({ status: "ready", value: { step: 10 } });
    expect(state.thumbnails.value).toMatchObject({ status: "ready", value: { of: 10 } });
    expect(api.asked.length).toBe(before);
  });

  it("loads another layer's weights and nothing else of the step", async () => {
    await open(1);
    const before = api.asked.length;
    state.selectLayer(1);
    await api.settle();
    expect(whats().slice(before)).toEqual(["weights 1 p 0 v0"]);
  });

  it("does not ask for weights that were left out", async () => {
    api.record = (at) => {
      const value = header(at.tag, at.step);
      value.layers[1]!.weights = false;
      return Promise.resolve({ value, bytes: 1 });
    };
    await open(1);
    state.selectLayer(1);
    await api.settle();
    expect(asked("weights 1")).toEqual([]);
    expect(state.weights.value.status).toBe("idle");
  });
});

describe("maps of all heads over a picture", () => {
  beforeEach(() => {
    const geometry = { tokens: [{ kind: "image", start: 0, length: 2, rows: 1, cols: 2 }] };
    api.record = (at) => {
      const value = header(at.tag, at.step);
      for (const layer of value.layers) layer.query_tokens = layer.key_tokens = "tokens";
      return Promise.resolve({ value: { ...value, geometry } as typeof value, bytes: 1 });
    };
  });
  afterEach(() => (state.areThumbnailsDrawn.value = true));

  it("are brought for every step around the slider, with no thumbnails and one head's weights", async () => {
    state.areThumbnailsDrawn.value = false;
    await open(3);
    expect(state.headMaps.value.status).toBe("ready");
    for (const step of [0, 10, 20]) {
      expect(asked(`maps query 1 all p ${step} `)).toHaveLength(1);
      expect(asked(`weights 0.0 p ${step} `)).toHaveLength(1);
    }
    expect(asked("weights 0 ")).toEqual([]);
    expect([...asked("thumbnails p 0"), ...asked("thumbnails p 10")]).toEqual([]);
    expect(state.thumbnails.value.status).toBe("idle");
  });

  it("are of the step before until the others come, and say so", async () => {
    await open(3, 1);
    state.selectStep(0);
    expect(state.headMaps.value).toMatchObject({ status: "loading", previous: { of: 20 } });
    await api.settle();
    expect(state.headMaps.value).toMatchObject({ status: "ready", value: { of: 0 } });
  });

  it("of what the pointer is on are brought of the shown step alone", async () => {
    await open(3);
    state.hoverQuery.value = 0;
    await api.settle();
    expect(asked("maps query 0 ")).toEqual(["maps query 0 all p 20 v20"]);
    state.hoverQuery.value = null;
  });

  it("that cannot be read are a damaged step", async () => {
    state.areThumbnailsDrawn.value = false;
    api.damaged.add(0);
    await open(2);
    state.selectStep(0);
    await api.settle();
    expect(state.stepError.value?.code).toBe("damaged");
  });
});

describe("a step of metrics alone", () => {
  it("is not asked for patterns, and says that there are none", async () => {
    api.listing = listing(2);
    api.listing["r"]!["p"]!.kinds = ["weights", "metrics"];
    loader = startLoader(api);
    await api.settle();
    expect(asked("thumbnails p 10")).toEqual([]);
    expect(asked("weights 0 p 10")).toEqual([]);
    expect(state.isMetricsOnly.value).toBe(true);
    expect(state.stepError.value?.code).toBe("metrics_only");
    state.selectStep(0);
    await api.settle();
    expect(state.stepError.value).toBeNull();
    expect(state.thumbnails.value.status).toBe("ready");
  });
});

describe("the evolution view", () => {
  it("is brought the metrics of all steps and no step's patterns", async () => {
    state.view.value = "evolution";
    await open(30);
    expect(asked("thumbnails")).toEqual([]);
    expect(asked("weights")).toEqual([]);
    expect(asked("record")).toEqual(["record p 290 v290"]);
    expect(asked("metrics")).toEqual(["metrics r p"]);
    expect(asked("scalar")).toEqual(["scalars r", "scalar r train/loss"]);
  });

  it("has nothing to wait for at the next step, so that playing goes on", async () => {
    await open(30); // weights are on screen in another view before
    state.view.value = "evolution";
    await api.settle();
    state.selectStep(0);
    await api.settle();
    const parts = [state.record, state.thumbnails, state.weights, state.vectors, state.comparison];
    expect(parts.filter((part) => part.value.status === "loading")).toEqual([]);
  });

  it("is brought the other ticked runs that have the probe", async () => {
    state.view.value = "evolution";
    api.listing = { ...listing(2), s: listing(2)["r"]!, t: listing(2, "q")["r"]! };
    loader = startLoader(api);
    await api.settle();
    expect([...state.otherSeries.value.keys()]).toEqual(["s"]);
    state.toggleRun("s");
    await api.settle();
    expect([...state.otherSeries.value.keys()]).toEqual([]);
  });
});

describe("the scalar beside the heads", () => {
  beforeEach(async () => {
    state.view.value = "evolution";
    state.rivalScalars.value = new Map();
    api.listing = { ...listing(2), s: listing(2)["r"]!, t: listing(2)["r"]! };
    const tags = api.scalarTags;
    api.scalarTags = async (run, signal) => {
      const known = await tags(run, signal);
      return run === "t" ? ["other"] : known;
    };
    loader = startLoader(api);
    await api.settle();
  });

  it("is brought of the other ticked runs too, and not asked of a run without it", () => {
    expect([...state.rivalScalars.value.keys()]).toEqual(["s"]);
    expect(asked("scalar t")).toEqual([]);
  });

  it("goes with a run that is no longer ticked", async () => {
    state.toggleRun("s");
    await api.settle();
    expect([...state.rivalScalars.value.keys()]).toEqual([]);
  });
});

describe("a layer of too many weights", () => {
  beforeEach(async () => {
    api.record = (at) => {
      const value = header(at.tag, at.step);
      for (const layer of value.layers) Object.assign(layer, { queries: 4096, keys: 4096 });
      return Promise.resolve({ value, bytes: 1 });
    };
    await open(1);
  });

  it("is loaded one head at a time, and never whole", async () => {
    expect(asked("weights")).toEqual(["weights 0.0 p 0 v0"]);
    state.selectHead(0, 1);
    expect(state.weights.value.status).toBe("loading");
    await api.settle();
    expect(asked("weights").at(-1)).toBe("weights 0.1 p 0 v0");
    expect(state.weights.value.status).toBe("ready");
  });
});

describe("prefetching", () => {
  it("waits until the present step is there, then takes the nearest first, backwards from the end", async () => {
    api.listing = listing(30);
    loader = startLoader(api);
    await answer("index");
    expect(asked("record p").every((what) => what === "record p 290 v290")).toBe(true);
    await answer("record");
    await answer("thumbnails");
    await answer("weights");
    await api.settle();
    const steps = [...new Set(asked("thumbnails").map((what) => Number(what.split(" ")[2])))];
    expect(steps[0]).toBe(290);
    expect(steps.slice(1, 4)).toEqual([280, 270, 260]);
  });

  it("keeps at most the given bytes, however many steps there are", async () => {
    await open(100, 2400);
    const steps = new Set(asked("thumbnails").map((what) => what.split(" ")[2]));
    expect(steps.size).toBeGreaterThan(2);
    expect(steps.size * 3 * api.size).toBeLessThanOrEqual(2400);
  });

  it("is aborted on a jump, and goes on around the new place", async () => {
    api.listing = listing(200);
    loader = startLoader(api, 6000);
    await answer("index");
    for (const part of ["record", "thumbnails", "weights", "metrics"]) await answer(part);
    const before = api.open();
    expect(before.length).toBeGreaterThan(0);
    state.selectStep(0);
    expect(before.every(({ aborted }) => aborted)).toBe(true);
    await api.settle();
    expect(shownStep()).toBe(0);
    expect(asked("record p 10 v10")).toHaveLength(1);
  });

  it("of a neighbour goes on when one steps there", async () => {
    api.listing = listing(200);
    loader = startLoader(api, 60_000);
    await answer("index");
    for (const part of ["record", "thumbnails", "weights", "metrics"]) await answer(part);
    const neighbour = api.open().filter(({ what }) => what.includes(" 1980 "));
    expect(neighbour.length).toBeGreaterThan(0);
    state.stepBy(-1);
    expect(neighbour.some(({ aborted }) => aborted)).toBe(false);
  });
});

describe("memory of steps that left the cache", () => {
  it("is given back", async () => {
    await open(6, 950);
    for (const step of [0, 10, 20, 30]) {
      state.selectStep(step);
      await api.settle();
    }
    expect(api.released).toContain("thumbnails 0");
    expect(api.released.filter((what) => what.endsWith(" 30"))).toEqual([]);
  });

  it("is kept as long as it stays on screen until all of the next step is there", async () => {
    await open(6, 350);
    state.selectStep(0);
    await answer("thumbnails p 0");
    await answer("weights 0 p 0");
    await tick();
    expect([shownStep(), state.thumbnails.value.status]).toEqual([50, "ready"]);
    expect(api.released).toEqual([]);
  });
});

describe("a hidden tab", () => {
  it("asks for nothing, and catches up when it is seen again", async () => {
    state.hidden.value = true;
    await open(3);
    expect(whats()).toEqual([]);
    state.hidden.value = false;
    await api.settle();
    expect(shownStep()).toBe(20);
  });

  it("hears a reload only when it is seen again", async () => {
    await open(3);
    state.hidden.value = true;
    const before = api.asked.length;
    api.listing = listing(4);
    loader.refresh();
    await api.settle();
    expect(api.asked.length).toBe(before);
    state.hidden.value = false;
    await api.settle();
    expect([state.step.value, shownStep()]).toEqual([30, 30]);
  });
});

describe("a reload", () => {
  it("brings new steps and new metrics without moving the slider", async () => {
    await open(3);
    state.selectStep(10);
    api.listing = listing(5);
    loader.refresh();
    await api.settle();
    expect([state.steps.value.length, state.step.value]).toEqual([5, 10]);
    expect(asked("metrics")).toHaveLength(2);
  });

  it("loads a step again whose file has changed", async () => {
    await open(1);
    api.listing["r"]!["p"]!.versions = ["w"];
    api.listing = structuredClone(api.listing);
    loader.refresh();
    await api.settle();
    expect(asked("record")).toEqual(["record p 0 v0", "record p 0 w"]);
    expect(state.record.value.status).toBe("ready");
  });
});

describe("errors", () => {
  it("of one step stay with that step, and are not asked for again", async () => {
    api.damaged.add(10);
    await open(3);
    state.selectStep(10);
    await api.settle();
    expect(state.stepError.value).toMatchObject({ status: 422 });
    const before = api.asked.length;
    state.selectStep(20);
    expect(state.stepError.value).toBeNull();
    state.selectStep(10);
    expect(state.stepError.value).toMatchObject({ status: 422 });
    expect(api.asked.length).toBe(before);
  });

  it("at the first step shown lend the probe's header, so that the layout can be drawn", async () => {
    api.damaged.add(20);
    await open(3);
    expect(state.record.value).toMatchObject({ status: "error", previous: { step: 10 } });
  });

  it("of the listing are told, and gone after a retry that works", async () => {
    loader = startLoader(api);
    api.open()[0]!.refuse(new ApiError(0, "unreachable", "no answer"));
    await tick();
    expect(state.indexError.value?.message).toBe("no answer");
    loader.retry();
    await api.settle();
    expect([state.indexError.value, shownStep()]).toEqual([null, 20]);
  });

  it("410 makes it list again, and follow the new version", async () => {
    api.listing = listing(1);
    loader = startLoader(api);
    await answer("index");
    api.listing["r"]!["p"]!.versions = ["w"];
    api.listing = structuredClone(api.listing);
    const gone = new ApiError(410, "gone", "another version is there now");
    for (const entry of api.open()) if (entry.what.includes("v0")) entry.refuse(gone);
    await api.settle();
    expect(state.stepError.value).toBeNull();
    expect(state.record.value.status).toBe("ready");
    expect(asked("record p 0 w").length).toBeGreaterThan(0);
  });

  it("404 of a step that the new listing still names is shown", async () => {
    await open(1);
    api.record = () => Promise.reject(new ApiError(404, "not_recorded", "no such step"));
    api.listing = listing(2);
    loader.refresh();
    await api.settle();
    expect(state.stepError.value?.message).toBe("no such step");
  });
});

describe("probe headers", () => {
  it("are the latest readable ones of each tag of the run", async () => {
    api.listing = { r: { ...listing(2, "a")["r"], ...listing(3, "b")["r"] } };
    api.damaged.add(20);
    loader = startLoader(api);
    await api.settle();
    const found = [...state.probeHeaders.value].map(([tag, { step }]) => [tag, step]);
    expect(found.sort()).toEqual([
      ["a", 10],
      ["b", 10],
    ]);
  });

  it("of very many tags are asked for where their rows are in view", async () => {
    const names = Array.from({ length: 500 }, (_, at) => `t${at}`);
    api.listing = { r: Object.fromEntries(names.map((tag) => [tag, listing(1)["r"]!["p"]!])) };
    state.seenTags.value = ["t1", "t2"];
    loader = startLoader(api);
    await api.settle();
    state.seenTags.value = ["t2", "t3"];
    await api.settle();
    expect(asked("record")).toEqual(["record t0 0 v0"]);
    expect(asked("texts")).toEqual(["texts r t1 t2", "texts r t3"]);
    state.seenTags.value = [];
  });
});
