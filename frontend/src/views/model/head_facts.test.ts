import { expect, it } from "vitest";

import { MetricSeries } from "../../decoding/decode";
import { index, run, series as loaded, shownMetric, step, tag } from "../../state";
import { toldFacts } from "./head_facts";

const NAMES = ["entropy", "confidence", "first_token", "previous_token"];
const FIRST = [0.5, 0.2, 0.1, 0.4];
const LAST = [0.5, 0.3, 0.9, 0.1];

it("tells the shown metric first, then those that went farthest, with their numbers", () => {
  const shapes = [{ heads: 1, name: "", kind: "self", stack: "" }];
  const values = Float32Array.of(...FIRST, ...LAST);
  const steps = Float64Array.of(0, 10);
  const of = new MetricSeries(NAMES, shapes as never, [], steps, steps, values, [2, 1, 1, 4]);
  index.value = { r: { p: { steps: [0, 10], versions: ["a", "b"], metrics_only: [] } as never } };
  run.value = "r";
  tag.value = "p";
  step.value = 10;
  loaded.value = { status: "ready", value: of };
  const told = toldFacts(of, { layer: 0, head: 0 });
  const names = told.map(({ metric }) => NAMES[metric]);
  expect(names[0]).toBe(shownMetric.value);
  const rest = names.slice(1).map((name) => NAMES.indexOf(name!));
  const moved = rest.map((at) => Math.abs(LAST[at]! - FIRST[at]!));
  expect(moved).toEqual(moved.toSorted((a, b) => b - a));
  for (const { metric, now, change } of told) {
    expect(now).toBeCloseTo(LAST[metric]!, 5);
    expect(change).toBeCloseTo(LAST[metric]! - FIRST[metric]!, 5);
  }
});
