import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { fakeApi, header, listing, type FakeApi } from "../../tests/fake_api";
import { startLoader, type Loader } from "./loader";
import * as state from "../state";
import { applyPairs } from "../page/url";

let api: FakeApi;
let loader: Loader;

const tokens = 8192;
const parts = (): string[] =>
  api.asked.map(({ what }) => what).filter((what) => /^(region|row|weights)/.test(what));
const tile = (row: number, column: number): state.Tile => ({ level: 1, row, column });

async function open(steps = 1): Promise<void> {
  api.listing = listing(steps);
  api.record = (at) => {
    const value = header(at.tag, at.step);
    Object.assign(value.layers[0]!, {
      queries: tokens,
      keys: tokens,
      weights: false,
      source: "vectors",
    });
    return Promise.resolve({ value, bytes: 1 });
  };
  loader = startLoader(api);
  await api.settle();
}

beforeEach(() => {
  applyPairs([["view", "head"]]);
  state.index.value = null;
  state.hidden.value = false;
  state.wantedTiles.value = [];
  state.probeHeaders.value = new Map();
  for (const each of [state.record, state.weights, state.longPicture, state.longRow])
    each.value = { status: "idle" };
  api = fakeApi();
});

afterEach(() => loader.stop());

describe("a head too long to be loaded whole", () => {
  it("is asked for as one picture, and never as weights", async () => {
    await open();
    expect(parts()).toEqual(["region 0 0 0-8192 0-8192 p 0 v0"]);
    expect(state.longPicture.value.status).toBe("ready");
  });

  it("has its parts asked for when they come into view, and called off when they leave it", async () => {
    await open();
    state.wantedTiles.value = [tile(0, 0), tile(7, 7)];
    expect(parts().slice(1)).toEqual([
      "region 0 0 0-1024 0-1024 p 0 v0",
      "region 0 0 7168-8192 7168-8192 p 0 v0",
    ]);
    state.wantedTiles.value = [tile(7, 7)];
    expect(api.asked.filter(({ aborted }) => aborted).map(({ what }) => what)).toEqual([
      "region 0 0 0-1024 0-1024 p 0 v0",
    ]);
    await api.settle();
    expect([...state.longTiles.value.keys()]).toEqual(["1/7/7"]);
  });

  it("keeps the parts it has when others come into view, and drops them with the head", async () => {
    await open();
    state.wantedTiles.value = [tile(0, 0)];
    await api.settle();
    state.wantedTiles.value = [tile(0, 1)];
    await api.settle();
    expect([...state.longTiles.value.keys()]).toEqual(["1/0/0", "1/0/1"]);
    state.wantedTiles.value = [];
    state.selectHead(0, 1);
    expect(state.longTiles.value.size).toBe(0);
    await api.settle();
    expect(parts().at(-1)).toBe("region 0 1 0-8192 0-8192 p 0 v0");
  });

  it("leaves the picture where a part cannot be had", async () => {
    await open();
    state.wantedTiles.value = [tile(0, 0)];
    api.open()[0]!.refuse(new Error("no"));
    await api.settle();
    state.wantedTiles.value = [tile(0, 0)];
    await api.settle();
    expect(parts().length).toBe(2);
    expect(state.longTiles.value.size).toBe(0);
    expect(state.stepError.value).toBeNull();
  });

  it("has the row of the pinned query alone", async () => {
    await open();
    state.pinQuery(17);
    await api.settle();
    expect(parts().at(-1)).toBe("row 0 0 17 p 0 v0");
    expect(state.longRow.value.status).toBe("ready");
    state.pinQuery(null);
    expect(state.longRow.value.status).toBe("idle");
  });

  it("shows the former step's picture until the next has come", async () => {
    await open(2);
    const before = state.shown(state.longPicture.value);
    state.selectStep(0);
    expect(state.shown(state.longPicture.value)).toBe(before);
    await api.settle();
    expect(parts().at(-1)).toBe("region 0 0 0-8192 0-8192 p 0 v0");
  });
});
