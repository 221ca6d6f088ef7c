import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { fakeApi, listing, type FakeApi } from "../../tests/fake_api";
import { firstBatches, startFindLoader } from "./find_loader";
import * as state from "../state";

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const searches = (api: FakeApi): string[] =>
  api.asked.map(({ what }) => what).filter((what) => what.startsWith("find"));

describe("a search over the steps", () => {
  let api: FakeApi;
  let stop: () => void;

  beforeEach(() => {
    api = fakeApi();
    state.setIndex(listing(5));
    state.selectStep(20);
    state.search.value = state.noSearch;
    state.findStopped.value = false;
    state.findPattern.value = { template: "induction" };
    state.toolPanel.value = "find";
    stop = startFindLoader(api);
  });
  afterEach(() => {
    stop();
    state.toolPanel.value = null;
    state.findPattern.value = null;
  });

  it("begins with the selected step and one far from it, then takes all others", async () => {
    expect(searches(api)).toEqual(["find r p 20 induction", "find r p 40 induction"]);
    await api.settle();
    expect(searches(api).at(-1)).toBe("find r p 0,10,30 induction");
    expect(state.search.value).toMatchObject({ status: "done", done: 5, total: 5 });
    expect([...state.search.value.found.values.keys()].sort((a, b) => a - b)).toEqual([
      0, 10, 20, 30, 40,
    ]);
  });

  it("stops when told to, and goes on with what is left", async () => {
    api.open()[0]!.answer();
    await tick();
    state.findStopped.value = true;
    expect(state.search.value).toMatchObject({ status: "stopped", done: 1 });
    state.findStopped.value = false;
    await api.settle();
    expect(state.search.value).toMatchObject({ status: "done", done: 5 });
    expect(searches(api).filter((what) => what.includes(" 20 "))).toHaveLength(1);
  });

  it("asks nothing for a tracked pair, and nothing while the panel is closed", () => {
    const before = searches(api).length;
    state.findPattern.value = { tracked: "she → nurse" };
    state.toolPanel.value = null;
    state.findPattern.value = { template: "previous" };
    expect(searches(api)).toHaveLength(before);
  });

  it("asks for everything at once where the selected step has no patterns", () => {
    expect(firstBatches([40, 0, 20], 25)).toEqual([[40, 0, 20]]);
    expect(firstBatches([20], 20)).toEqual([[20]]);
    expect(firstBatches([], 20)).toEqual([]);
  });
});
