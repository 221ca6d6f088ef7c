import { describe, expect, it } from "vitest";

import { headVectors, layerHeader } from "../../../tests/head_of";
import { decayingDimensions, distanceMeans, FARTHEST, rankCorrelation } from "./distance_means";

/** 3 dimensions: cosine and sine of the position, and a constant. */
function turning(count: number): number[][] {
  return Array.from({ length: count }, (_, at) => [Math.cos(at / 20), Math.sin(at / 20), 1]);
}

describe("means by distance", () => {
  it("have distances with at least four pairs, keys before the query negative", () => {
    const { distances } = distanceMeans(layerHeader(6, 6), headVectors(turning(6), turning(6)));
    expect(distances).toEqual([-2, -1, 0, 1, 2]);
  });

  it("of a causal layer look back alone", () => {
    const header = layerHeader(6, 6, { mask: "causal" });
    expect(distanceMeans(header, headVectors(turning(6), turning(6))).distances).toEqual([
      -2, -1, 0,
    ]);
  });

  it("count from the query's own place where keys lie before the first query", () => {
    const header = layerHeader(4, 6, { mask: "causal" });
    const { distances } = distanceMeans(header, headVectors(turning(4), turning(6)));
    expect(distances).toEqual([-2, -1, 0]);
  });

  it("of a long text are of evenly taken pairs, up to a farthest distance", () => {
    const long = turning(1000);
    const { distances, means, isSample } = distanceMeans(
      layerHeader(1000, 1000),
      headVectors(long, long),
    );
    expect(isSample).toBe(true);
    expect([distances[0], distances.at(-1)]).toEqual([-FARTHEST, FARTHEST]);
    expect(means[3 * FARTHEST + 2]).toBeCloseTo(1, 5);
  });

  it("of one token are none", () => {
    expect(distanceMeans(layerHeader(1, 1), headVectors([[1]], [[1]])).distances).toEqual([]);
  });
});

describe("a dimension decays", () => {
  const distances = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6];
  const means = Float32Array.from(
    distances.flatMap((each) => [-Math.abs(each), each, each < 0 ? -Math.abs(each) : each, 1]),
  );

  it("where its mean falls on both sides", () => {
    expect(decayingDimensions({ distances, means, isSample: false })).toEqual([0]);
  });

  it("where there is one side: on that one", () => {
    const back = { distances: distances.slice(0, 7), means: means.slice(0, 28), isSample: false };
    expect(decayingDimensions(back)).toEqual([0, 1, 2]);
  });

  it("never on fewer than six distances", () => {
    const few = { distances: [-2, -1, 0], means: Float32Array.of(1, 2, 3), isSample: false };
    expect(decayingDimensions(few)).toEqual([]);
  });
});

describe("rank correlation", () => {
  it.each([
    [[1, 2, 3], [2, 4, 9], 1],
    [[1, 2, 3], [9, 4, 2], -1],
    [[1, 2, 3], [5, 5, 5], 0],
  ])("of %j and %j is %d", (a, b, wanted) => {
    expect(rankCorrelation(a, b)).toBeCloseTo(wanted, 9);
  });
});
