import { describe, expect, it } from "vitest";

import { addFound, nothingFound } from "./found_heads";

const answer = (steps: number[], values: number[]) => ({
  steps,
  layers: 1,
  heads: 2,
  values: Float32Array.from(values),
  uniform: Float32Array.of(0.5),
  left: [],
  skipped: [],
});

describe("found heads", () => {
  it("gathers the steps of several answers", () => {
    const first = addFound(nothingFound, answer([40, 0], [0.9, 0.1, 0.2, 0.3]));
    const both = addFound(first, answer([20], [0.5, 0.25]));
    expect([...both.values.keys()]).toEqual([40, 0, 20]);
    expect([...both.values.get(0)!]).toEqual([...Float32Array.of(0.2, 0.3)]);
    expect([...both.values.get(20)!]).toEqual([0.5, 0.25]);
  });

  it("keeps its shape when an answer has skipped steps alone", () => {
    const found = addFound(nothingFound, answer([0], [1, 0]));
    const skipped = [{ step: 10, reason: "cut short" }];
    const more = { ...answer([], []), layers: 0, heads: 0, uniform: new Float32Array(0), skipped };
    expect(addFound(found, more)).toMatchObject({ layers: 1, heads: 2, skipped });
  });
});
