import { describe, expect, it } from "vitest";
import { MetricSeries } from "../decoding/decode";
import { MEAN } from "./grid";
import { metricsOfLayer } from "../decoding/defined_metrics";
import { Histories, metricScale } from "./histories";

const layers = [{ name: "", kind: "self", stack: "", heads: 2 }];

function series(values: number[], names = ["entropy"], damaged: number[] = []): MetricSeries {
  const count = values.length / 2 / names.length;
  const steps = Float64Array.from({ length: count }, (_, at) => at * 100);
  const shape = [count, 1, 2, names.length];
  return new MetricSeries(names, layers, damaged, steps, steps, Float32Array.from(values), shape);
}

describe("the history of a head", () => {
  it("has one value a step, on the scale of the metric", () => {
    const histories = new Histories(series([0.25, 1, 0.5, 0]), 0);
    expect([...histories.line(0, 0).values]).toEqual([0.25, 0.5]);
    expect([...histories.line(0, 1).values]).toEqual([1, 0]);
    expect([...histories.places]).toEqual([0, 1]);
  });

  it("has a gap at a step that could not be read", () => {
    const histories = new Histories(series([0.5, 0, 0.5, 0], ["entropy"], [50]), 0);
    expect([...histories.line(0, 0).values]).toEqual([0.5, NaN, 0.5]);
    expect(histories.place(50)).toBe(0.5);
  });

  it("is averaged over the heads that have a value", () => {
    const histories = new Histories(series([0.25, 0.75, 0.5, NaN]), 0);
    expect([...histories.line(0, MEAN).values]).toEqual([0.5, 0.5]);
  });

  it("of a longer run is cut at the end of the axis, and presses nothing together", () => {
    const axis = { first: 0, last: 100, isLog: false };
    const longer = new Histories(series([0.5, 0, 0.5, 0, 0.1, 0, 0.2, 0]), 0, { axis });
    expect([[...longer.steps], [...longer.places]]).toEqual([
      [0, 100],
      [0, 1],
    ]);
    expect(longer.line(0, 0).values).toHaveLength(2);
  });

  it("stands in the middle when there is one step", () => {
    expect(new Histories(series([0.5, 0.5]), 0).place(0)).toBe(0.5);
  });
});

it.each([
  ["shares", [0, 1, 0.3, 0.2], { least: 0, most: 1 }],
  ["distances", [3, 41, 7, 2], { least: 0, most: 50 }],
  ["missing values", [NaN, NaN, NaN, NaN], { least: 0, most: 1 }],
  ["negative values", [-3.5, 0.5, 1, 1], { least: -4, most: 1 }],
])("has one round scale for all heads and steps: %s", (_, values, expected) => {
  expect(metricScale(series(values), 0)).toEqual(expected);
});

it("knows which metrics a layer has", () => {
  const values = [0.5, NaN, 0.5, NaN, NaN, NaN, 0.1, NaN];
  expect(metricsOfLayer(series(values, ["entropy", "max_score"]), 0)).toEqual([0]);
});
