import { describe, expect, it } from "vitest";

import { MetricSeries } from "../decoding/decode";
import { GroupHistories, middleOf, valuesAt } from "./group_histories";
import { Histories } from "./histories";
import { axisOver } from "./step_axis";

const axis = axisOver([Float64Array.of(0, 4)], false);

/** A run with one head. */
function run(steps: number[], values: number[], layers = 1): Histories {
  const shapes = Array.from({ length: layers }, () => {
    return { name: "", kind: "", stack: "", heads: 1 };
  });
  const at = Float64Array.from(steps);
  const shape = [steps.length, layers, 1, 1];
  const all = Float32Array.from(values.flatMap((value) => Array<number>(layers).fill(value)));
  return new Histories(new MetricSeries(["m"], shapes, [], at, at, all, shape), 0, { axis });
}

const rounded = (values: Float32Array): number[] =>
  Array.from(values, (value) => Math.round(value * 1000) / 1000);

describe("a group of runs", () => {
  it.each([
    ["an odd number", [[0.1], [0.5], [0.3]], 0.3, 0.1, 0.5],
    ["an even number", [[0.1], [0.2], [0.4], [1]], 0.3, 0.1, 1],
    ["one run", [[0.7]], 0.7, 0.7, 0.7],
    ["a run without a value", [[0.1], [NaN], [0.3]], 0.2, 0.1, 0.3],
  ])("has median, lowest and highest of %s", (_, runs, median, low, high) => {
    const group = new GroupHistories(
      runs.map((values) => run([2], values)),
      0,
    );
    const lines = group.lines(0, 0);
    expect([lines.median, lines.low, lines.high].map(({ values }) => rounded(values))).toEqual([
      [median],
      [low],
      [high],
    ]);
  });

  it("reads runs of other steps between their own, and not beyond them", () => {
    const group = new GroupHistories([run([0, 4], [0, 0.8]), run([0, 2], [0.2, 0.6])], 0);
    const { median, low, high } = group.lines(0, 0);
    expect(rounded(median.places)).toEqual([0, 0.5, 1]);
    expect(rounded(low.values)).toEqual([0, 0.4, 0.8]);
    expect(rounded(high.values)).toEqual([0.2, 0.6, 0.8]);
    expect(rounded(median.values)).toEqual([0.1, 0.5, 0.8]);
  });

  it("takes no other head's values for those of a run that has fewer", () => {
    const group = new GroupHistories([run([0, 4], [0.5, 0.5], 2), run([0, 4], [0.1, 0.1])], 0);
    expect(rounded(group.lines(1, 0).median.values)).toEqual([0.5, 0.5]);
    expect(group.runs[1]!.at(4, 1, 0)).toBeNaN();
    expect(group.runs[1]!.at(4, 0, 1)).toBeNaN();
  });
});

it("a gap stays one between its neighbours", () => {
  const line = {
    places: Float32Array.of(0, 0.5, 1),
    values: Float32Array.of(0, NaN, 1),
    boldFrom: -1,
  };
  const found = valuesAt(line, Float32Array.of(0, 0.25, 0.5, 0.75, 1));
  expect([...found]).toEqual([0, NaN, NaN, NaN, 1]);
  expect(middleOf([1, 2, 4])).toBe(2);
});
