import { beforeEach, describe, expect, it } from "vitest";

import { MetricSeries } from "../../decoding/decode";
import { Histories } from "../../draw/histories";
import { crossing, headSort } from "../../state";
import { firstCrossing, lastValue, layerMotion, lostHeads, sortedHeads } from "./head_order";

const layers = [
  { name: "", kind: "self", stack: "", heads: 3 },
  { name: "", kind: "self", stack: "", heads: 3 },
];
const steps = Float64Array.of(0, 10, 20);
/** [step, layer, head]; layer 1 stays where it is. */
const values = Float32Array.of(
  ...[0.1, 0.6, 0.2, 0.5, 0.5, 0.5],
  ...[0.1, 0.4, 0.7, 0.5, 0.5, 0.5],
  ...[0.9, NaN, 0.3, 0.5, 0.5, 0.5],
);
const series = new MetricSeries(["entropy"], layers, [], steps, steps, values, [3, 2, 3, 1]);
const histories = new Histories(series, 0);

beforeEach(() => {
  headSort.value = "number";
  crossing.value = 0.5;
});

describe("heads of a layer", () => {
  it("sort by the last value that they have", () => {
    headSort.value = "last";
    expect(lastValue(histories, 0, 1)).toBeCloseTo(0.4);
    expect(sortedHeads(histories, 0, 3)).toEqual([0, 1, 2]);
  });

  it("sort by the first step above the threshold, those that never are last", () => {
    headSort.value = "crossing";
    expect([0, 1, 2].map((head) => firstCrossing(histories, 0, head, 0.5))).toEqual([20, 0, 10]);
    expect(sortedHeads(histories, 0, 3)).toEqual([1, 2, 0]);
    crossing.value = 0.8;
    expect(sortedHeads(histories, 0, 3)[0]).toBe(0);
  });

  it("move as far as the one that moves most", () => {
    expect(layerMotion(histories, 0)).toBeCloseTo(0.8);
    expect(layerMotion(histories, 1)).toBe(0);
  });

  it("that lose their value are told, with the first step without one", () => {
    expect([0, 1].map((layer) => lostHeads(histories, layer))).toEqual([
      [{ head: 1, step: 20 }],
      [],
    ]);
  });

  it("do not stand still where the metric has no values", () => {
    const undefinedOnes = new MetricSeries(
      ["alignment"],
      layers,
      [],
      steps,
      steps,
      values.map(() => NaN),
      [3, 2, 3, 1],
    );
    expect(layerMotion(new Histories(undefinedOnes, 0), 0)).toBeNaN();
    expect(lostHeads(new Histories(undefinedOnes, 0), 0)).toEqual([]);
  });
});
