import { describe, expect, test } from "vitest";
import { formatDifference, formatStep, formatWeight } from "./format_number";

const weights: [number, string][] = [
  [0.874, ".87"],
  [0, ".00"],
  [0.004, ".00"],
  [1, "1.00"],
  [-0.02, "−.02"],
  [-0.001, ".00"],
  [NaN, "–"],
  [123456.789, "123456.79"],
  [1.25e6, "1.3e6"],
  [-1e30, "−1.0e30"],
];

const differences: [number, string][] = [
  [0.59, "+.59"],
  [-0.02, "−.02"],
  [0.001, "±.00"],
  [-0.004, "±.00"],
  [-1, "−1.00"],
  [NaN, "–"],
];

const steps: [number | null, string][] = [
  [0, "0"],
  [999, "999"],
  [1500, "1,500"],
  [920956789, "920,956,789"],
  [-2000, "−2,000"],
  [null, "–"],
];

describe("format_number", () => {
  test.each(steps)("step %d is written %s, as in TensorBoard’s own tabs", (step, text) => {
    expect(formatStep(step)).toBe(text);
  });

  test.each(weights)("weight %f is written %s", (value, text) => {
    expect(formatWeight(value)).toBe(text);
  });

  test.each(differences)("difference %f is written %s", (value, text) => {
    expect(formatDifference(value)).toBe(text);
  });

  test("more decimals on request", () => {
    expect(formatWeight(0.12345, 4)).toBe(".1235");
  });
});
