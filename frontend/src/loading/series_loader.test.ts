import { afterEach, beforeEach, expect, it } from "vitest";

import { fakeApi, listing, type FakeApi } from "../../tests/fake_api";
import { MetricSeries } from "../decoding/metric_series";
import { startLoader, type Loader } from "./loader";
import * as state from "../state";
import { applyPairs } from "../page/url";

const layers = [{ name: "", kind: "self", stack: "", heads: 1 }];

/** Rows of one head and metric; those of a half step are of no step. */
function seriesOf(steps: number[], pending: number): MetricSeries {
  const at = Float64Array.from(steps);
  const parts = Uint8Array.from(steps, (step) => (Number.isInteger(step) ? 0 : 1));
  const shape = [steps.length, 1, 1, 1];
  const rows = Float32Array.from(steps);
  const own = { parts, pending, probe: null };
  return new MetricSeries(["entropy"], layers, [], at, at, rows, shape, null, own);
}

let api: FakeApi;
let loader: Loader;
let answers: MetricSeries[];
let exact: (readonly number[])[];

beforeEach(() => {
  applyPairs([]);
  state.view.value = "model";
  state.index.value = null;
  state.hidden.value = false;
  state.series.value = { status: "idle" };
  api = fakeApi();
  api.listing = listing(4);
  exact = [];
  api.metrics = () =>
    Promise.resolve({ value: answers.length > 1 ? answers.shift()! : answers[0]!, bytes: 1 });
  api.metricsAt = (_run, _tag, steps) => {
    exact.push(steps);
    return Promise.resolve(seriesOf([...steps], 0));
  };
});

afterEach(() => loader.stop());

it("asks for the rest of a long series until all steps are read", async () => {
  answers = [seriesOf([0, 30], 9), seriesOf([0, 10, 30], 4), seriesOf([0, 10, 20, 30], 0)];
  loader = startLoader(api);
  await api.settle();
  await api.settle();
  expect([...state.shown(state.series.value)!.steps]).toEqual([0, 10, 20, 30]);
  expect(answers.length).toBe(1);
});

it("brings the numbers of the step that is read, where a thinned series has no row for it", async () => {
  answers = [seriesOf([0, 4.5, 30], 0)];
  loader = startLoader(api);
  await api.settle();
  expect([exact, state.metricStep.value]).toEqual([[], 2]);
  state.selectStep(10);
  await api.settle();
  expect(exact).toEqual([[10]]);
  expect([...state.shown(state.series.value)!.steps]).toEqual([0, 4.5, 10, 30]);
  expect(state.metricAt(0, 0, 0, state.metricStep.value)).toBe(10);
  state.selectStep(0);
  await api.settle();
  expect(exact).toEqual([[10]]);
});
