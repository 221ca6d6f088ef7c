import { expect, it } from "vitest";

import { sparkPath } from "./spark_line";

const lineOf = (...values: number[]) => ({
  places: Float32Array.from(values, (_, at) => at / Math.max(1, values.length - 1)),
  values: Float32Array.from(values),
  boldFrom: -1,
});

it.each([
  ["runs from value to value", lineOf(0, 1), "M0.5 15.5L71.5 0.5"],
  [
    "has a gap where one is missing",
    lineOf(0, 1, NaN, 0, 0),
    "M0.5 15.5L18.3 0.5M53.8 15.5L71.5 15.5",
  ],
  ["has a point for one that stands alone", lineOf(1, NaN, 0), "M0.5 0.5h0M71.5 15.5h0"],
  ["of nothing is nothing", lineOf(NaN), ""],
  ["stays inside its box", lineOf(-1, 2), "M0.5 15.5L71.5 0.5"],
])("a small line %s", (_, line, path) => {
  expect(sparkPath(line)).toBe(path);
});
