import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeApi, type FakeApi, listing } from "../../tests/fake_api";
import { cellHistory, wantedCell } from "../state/cell_history";
import { cellWeight, startCellLoader } from "./cell_loader";
import { LayerWeights, type MetricSeries } from "../decoding/decode";
import * as state from "../state";
import { applyPairs } from "../page/url";

const head = (values: number[]): LayerWeights =>
  new LayerWeights(1, 1, 2, 2, "float32", new Float32Array(2), null, Float32Array.from(values), 3);
const cell = { layer: 1, head: 3, query: [0, 1], key: [1, 2] } as const;

let api: FakeApi;
let stop: () => void;

beforeEach(() => {
  applyPairs([]);
  api = fakeApi();
  api.weights = (at, layer, number, signal) =>
    fakeWeights(api, at.step, `${layer}.${number} ${at.run} ${at.step}`, signal);
  const one = listing(5)["r"]!;
  state.index.value = { r: one, other: one, without: {} };
  [state.run.value, state.tag.value, state.step.value] = ["r", "p", 40];
  state.weights.value = { status: "ready", value: head([0, 0, 0, 0]) };
  wantedCell.value = null;
  stop = startCellLoader(api);
});
afterEach(() => stop());

/** Weight step / 100 in the cell, through the fake's queue of answers. */
async function fakeWeights(of: FakeApi, step: number, what: string, signal?: AbortSignal) {
  await of.vectors({ run: "", tag: what, step, version: null }, 0, 0, signal);
  return { value: head([0, step / 100, 0, 0]), bytes: 4 };
}

describe("a cell of several tokens", () => {
  test("is the mean over its queries of the sum over its keys", () => {
    const of = head([0.5, 0.25, 0, 1]);
    expect(cellWeight(of, { ...cell, query: [0, 2], key: [0, 2] })).toBe(0.875);
    expect(cellWeight(of, { ...cell, key: [1, 3] })).toBeNaN();
  });
});

describe("the wanted cell", () => {
  test("is followed over every step of every run that has the probe", async () => {
    wantedCell.value = cell;
    await api.settle();
    const history = cellHistory.value!;
    expect(history).toMatchObject({ done: 10, asked: 10, logged: 10 });
    expect(history.lines.map(({ run }) => run)).toEqual(["r", "other"]);
    for (const { values } of history.lines)
      expect(Array.from(values, (value) => Math.round(100 * value))).toEqual([0, 10, 20, 30, 40]);
  });

  test("is followed over the steps of the shown text, as its tokens stand elsewhere in others", async () => {
    const evolution = { probeChanges: [20, 40] };
    state.series.value = { status: "ready", value: { evolution } as unknown as MetricSeries };
    wantedCell.value = cell;
    for (const [step, known] of [
      [40, [NaN, NaN, NaN, NaN, 40]],
      [30, [NaN, NaN, 20, 30, NaN]],
    ] as const) {
      state.step.value = step;
      await api.settle();
      const values = Array.from(cellHistory.value!.lines[0]!.values);
      expect(values.map((value) => Math.round(100 * value))).toEqual(known);
    }
    state.series.value = { status: "idle" };
  });

  test("asks two at a time, the latest and the first step before those between", () => {
    wantedCell.value = cell;
    expect(api.open().map(({ what }) => what)).toEqual([
      "vectors 0 0 1.3 r 40 40 null",
      "vectors 0 0 1.3 other 40 40 null",
    ]);
  });

  test("costs nothing while no cell is wanted, and calls off what it no longer needs", async () => {
    expect(api.asked).toEqual([]);
    wantedCell.value = cell;
    wantedCell.value = null;
    await api.settle();
    expect(api.asked.filter(({ aborted }) => aborted)).toHaveLength(2);
    expect(api.asked).toHaveLength(2);
    expect(cellHistory.value).toBeNull();
  });

  test("of a head that was read already is there without another request", async () => {
    wantedCell.value = cell;
    await api.settle();
    const before = api.asked.length;
    wantedCell.value = { ...cell, key: [0, 1] };
    expect(cellHistory.value).toMatchObject({ done: 10 });
    expect(api.asked.length).toBe(before);
  });
});
