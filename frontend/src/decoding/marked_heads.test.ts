import { describe, expect, it } from "vitest";

import { MetricSeries } from "./decode";
import type { EvolutionFacts } from "./evolution_facts";
import { becameText, isMarked, lastingChange, markedHeads, roleAt } from "./marked_heads";

/** One layer, two heads, three metrics; the first and last of each array are the ones that changed. */
const facts = {
  markSteps: Float64Array.of(20, NaN, 30, 10, 10, 10),
  before: Float32Array.of(0.1, NaN, 0, 0.5, 0.5, 1),
  after: Float32Array.of(0.4, NaN, 8, 0.4, 0.35, 9),
  noise: Float32Array.of(0.01, 0, 0, 0.01, 0.04, 0),
  scales: Float32Array.of(1, 1, 10),
  roleSteps: Float64Array.of(0, 10),
  roles: Uint8Array.of(0, 1, 1, 0),
  roleScores: Float32Array.of(0.8, NaN, NaN, 0.6),
  roleNames: ["induction", "unclassified"],
  became: {
    entropy: ["spreads out", "sharpens"],
    "she→nurse": ["attends she→nurse", "leaves she→nurse"],
  },
  untold: new Set(["max_score"]),
  shape: new Set(["entropy"]),
  roleMetrics: ["induction"],
  factor: 4,
} as unknown as EvolutionFacts;
const names = ["entropy", "she→nurse", "max_score"];
const layers = [{ name: "", kind: "self", stack: "", heads: 2 }];
const steps = Float64Array.of(0, 10);
const series = new MetricSeries(
  names,
  layers,
  [],
  steps,
  steps,
  new Float32Array(12),
  [2, 1, 2, 3],
  facts,
);

describe("a lasting change", () => {
  it("is the server's, in parts of the metric's scale", () => {
    expect(lastingChange(series, 0, 0, 0)?.step).toBe(20);
    expect(lastingChange(series, 0, 0, 2)?.size).toBeCloseTo(0.8);
    expect(lastingChange(series, 0, 0, 1)).toBeNull();
  });

  it("is marked when it is large enough and above four times the noise", () => {
    const [large, small, noisy] = [
      lastingChange(series, 0, 0, 0)!,
      lastingChange(series, 0, 1, 0)!,
      lastingChange(series, 0, 1, 1)!,
    ];
    expect([large, small, noisy].map((each) => isMarked(series, each, 0.15))).toEqual([
      true,
      false,
      false,
    ]);
    expect(isMarked(series, small, 0.05)).toBe(true);
  });

  it("has no more digits than the server compares", () => {
    const change = { ...lastingChange(series, 0, 0, 0)!, size: Math.fround(0.15) };
    expect(isMarked(series, change, 0.15)).toBe(true);
  });
});

it("each head is told once, with its largest told change", () => {
  expect(markedHeads(series, 0.05).map(({ head, metric }) => [head, metric])).toEqual([
    [1, 0],
    [0, 0],
  ]);
  expect(markedHeads(series, 0.9)).toEqual([]);
});

it("of a head whose role emerged its shape is not told", () => {
  const roleMetrics = ["she→nurse"];
  const told = { ...facts, roleMetrics, markSteps: Float64Array.of(20, 30, NaN, 10, 10, 10) };
  told.before = Float32Array.of(0.9, 0.1, 0, 0.5, 0.5, 1);
  told.after = Float32Array.of(0.1, 0.6, 0, 0.4, 0.35, 9);
  told.roles = Uint8Array.of(1, 1, 0, 1);
  const of = (own: EvolutionFacts): MetricSeries =>
    new MetricSeries(names, layers, [], steps, steps, new Float32Array(12), [2, 1, 2, 3], own);
  expect(markedHeads(of(told), 0.15)).toMatchObject([{ head: 0, metric: 1, step: 30 }]);
  const without = { ...told, roles: Uint8Array.of(1, 1, 1, 1) };
  expect(markedHeads(of(without), 0.15)).toMatchObject([{ head: 0, metric: 0, step: 20 }]);
});

it("what a head became has the server's words, or is a metric that rises or falls", () => {
  const change = lastingChange(series, 0, 0, 0)!;
  expect(becameText(series, change)).toBe("spreads out");
  expect(becameText(series, { ...change, after: 0 })).toBe("sharpens");
  expect(becameText(series, { ...change, metric: 1 })).toBe("attends she→nurse");
  expect(becameText(series, { ...change, metric: 1, after: 0 })).toBe("leaves she→nurse");
  expect(becameText(series, { ...change, metric: 2 })).toBe("max score rises");
  expect(becameText(series, { ...change, metric: 2, after: 0 })).toBe("max score falls");
});

it("a role has its score, and may be unclassified", () => {
  const score = Math.fround(0.8);
  expect(roleAt(series, 0, 0, 0)).toEqual({ name: "induction", score, step: 0 });
  expect(roleAt(series, 1, 0, 0)).toEqual({ name: "unclassified", score: NaN, step: 10 });
  expect(roleAt(series, 2, 0, 0)).toBeNull();
});

it("between the steps that roles were worked out for, a role is that of the one before, and says so", () => {
  const spaced = { ...facts, roleSteps: Float64Array.of(-5, 9) };
  const of = new MetricSeries(names, layers, [], steps, steps, series.values, series.shape, spaced);
  expect([roleAt(of, 0, 0, 0)?.step, roleAt(of, 1, 0, 0)?.step]).toEqual([-5, 9]);
});
