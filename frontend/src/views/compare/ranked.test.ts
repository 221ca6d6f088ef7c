import { describe, expect, it } from "vitest";

import { Comparison } from "../../decoding/comparison";
import { isChanged, largestChange, rankHeads, signOf, unchangedLayers } from "./ranked";

const comparison = new Comparison(
  [],
  new Uint8Array(0),
  2,
  Float32Array.of(0.1, 0.3, 0, NaN),
  Float32Array.of(0.2, 0),
  { query: new Uint32Array(4), key: new Uint32Array(4) },
  { before: Float32Array.of(0.9, 0.1, 0.2, NaN), after: Float32Array.of(0.1, 0.4, 0.2, NaN) },
  [
    [0, 1],
    [0, 0],
    [1, 0],
  ],
  {},
  [],
);
const names = (by: "change" | "single" | "number"): string[] =>
  rankHeads(comparison, by).map(({ layer, head }) => `${layer}.${head}`);

describe("heads of a comparison", () => {
  it("stand in the server's order, by their largest single change of either sign, or by number", () => {
    expect(names("change")).toEqual(["0.1", "0.0", "1.0"]);
    expect(names("single")).toEqual(["0.0", "0.1", "1.0"]);
    expect(names("number")).toEqual(["0.0", "0.1", "1.0"]);
  });

  it("are folded where neither number would be shown, but not where one is none", () => {
    const at = { layer: 0, head: 0, query: 0, key: 0 };
    const changed = (change: number, before: number, after: number): boolean =>
      isChanged({ ...at, change, before, after });
    expect(changed(0, 0, 0)).toBe(false);
    expect(changed(0.0049, 0.2, 0.2049)).toBe(false);
    expect(changed(0.0001, 0.5, 0.1)).toBe(true);
    expect(changed(0.006, 0.2, 0.2)).toBe(true);
    expect(changed(NaN, NaN, NaN)).toBe(true);
  });

  it("have the colour of what was gained or lost, and none where ±.00 stands", () => {
    expect([0.3, 0.006, 0.004, 0, -0.004, -0.006, NaN].map(signOf)).toEqual([
      "is-gained",
      "is-gained",
      "",
      "",
      "",
      "is-lost",
      "",
    ]);
  });

  it("have bars up to the largest change, heads without weights aside", () => {
    expect(largestChange(comparison)).toBeCloseTo(0.3, 6);
  });

  it("have short bars where nothing changed much", () => {
    const still = Object.assign(Object.create(Comparison.prototype) as Comparison, {
      change: Float32Array.of(0.001, 0, NaN),
    });
    expect(largestChange(still)).toBe(0.05);
  });

  it.each([
    [[0, 0, 0, 0, 0.1, 0.2], "Layers 0–3 are unchanged."],
    [[0.1, 0, 0.2], "Layer 1 is unchanged."],
    [[0, 0.2, 0, 0], "Layers 0, 2–3 are unchanged."],
    [[0.1, 0.2], ""],
    [[0, 0], "No layer changed."],
    [[NaN, 0.1], ""],
  ])("names the layers that did not change: %j", (changes, text) => {
    const shapes = changes.map(() => ({ kind: "self", stack: "" }));
    expect(unchangedLayers(changes, shapes)).toBe(text);
  });
});
