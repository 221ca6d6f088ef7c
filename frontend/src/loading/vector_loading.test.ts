import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { fakeApi, header, listing, type FakeApi } from "../../tests/fake_api";
import { startLoader, type Loader } from "./loader";
import * as state from "../state";
import { applyPairs } from "../page/url";

let api: FakeApi;
let loader: Loader;

const asked = (start: string): string[] =>
  api.asked.map(({ what }) => what).filter((what) => what.startsWith(start));

/** Layer 0 has query and key, layer 1 has none. */
async function open(steps: number): Promise<void> {
  api.listing = listing(steps);
  api.record = (at) => {
    const value = header(at.tag, at.step);
    value.layers[0]!.vectors = true;
    return Promise.resolve({ value, bytes: 1 });
  };
  loader = startLoader(api);
  await api.settle();
}

beforeEach(() => {
  applyPairs([["view", "neuron"]]);
  state.index.value = null;
  state.hidden.value = false;
  state.probeHeaders.value = new Map();
  for (const each of [state.record, state.thumbnails, state.weights, state.series, state.vectors])
    each.value = { status: "idle" };
  api = fakeApi();
});

afterEach(() => loader.stop());

describe("query and key", () => {
  it("come with the neuron view, of the selected head, once the record says that there are any", async () => {
    await open(1);
    expect(asked("vectors")).toEqual(["vectors 0 0 p 0 v0"]);
    expect(state.vectors.value.status).toBe("ready");
  });

  it("are not asked for by another view", async () => {
    state.view.value = "head";
    await open(2);
    expect(asked("vectors")).toEqual([]);
    expect(state.vectors.value.status).toBe("idle");
  });

  it("are not asked for where none are logged", async () => {
    await open(1);
    state.selectLayer(1);
    await api.settle();
    expect(asked("vectors 1")).toEqual([]);
    expect(state.vectors.value.status).toBe("idle");
  });

  it("of the next head replace the former, which stay on screen until then", async () => {
    await open(1);
    const weights = asked("weights").length;
    state.selectHead(0, 1);
    expect(state.vectors.value).toMatchObject({ status: "loading", previous: { of: 0 } });
    await api.settle();
    expect(asked("vectors").at(-1)).toBe("vectors 0 1 p 0 v0");
    expect(asked("weights").length).toBe(weights);
    expect(state.vectors.value.status).toBe("ready");
  });

  it("that are no longer wanted are aborted", async () => {
    await open(1);
    state.selectHead(0, 1);
    const open1 = api.open().find(({ what }) => what.startsWith("vectors 0 1"));
    state.selectHead(0, 0);
    expect(open1?.aborted).toBe(true);
  });

  it("of the steps around are fetched ahead", async () => {
    await open(3);
    expect(new Set(asked("vectors"))).toEqual(
      new Set(["vectors 0 0 p 20 v20", "vectors 0 0 p 10 v10", "vectors 0 0 p 0 v0"]),
    );
  });
});
