import { describe, expect, it } from "vitest";

import { curveOf, distanceTicks, meanTicks, plotScale } from "./plot_scale";

const means = {
  distances: [-2, -1, 0, 1, 2],
  means: Float32Array.of(0, 1, 2, 1, -4),
  isSample: false,
};

describe("the plot's scale", () => {
  const scale = plotScale(means, 101, 100);

  it("is the same above and below zero", () => {
    expect(scale.top).toBe(4);
    expect(meanTicks(scale)).toEqual(["+4.0", "0", "−4.0"]);
  });

  it("puts the first distance at the left edge, the last at the right, zero in the middle", () => {
    const { x, y } = curveOf(means, 1, 0, scale);
    expect([...x]).toEqual([0, 25, 50, 75, 100]);
    expect(y[0]).toBe(50);
    expect(y[4]).toBeCloseTo(98, 4);
  });

  it.each([
    [
      [-10, 0, 10],
      ["−10", "−5", "same token", "+5", "+10"],
    ],
    [
      [-8, -4, 0],
      ["−8", "−4", "same token"],
    ],
    [
      [-1, 0, 1],
      ["−1", "same token", "+1"],
    ],
  ])("of distances %j has the ticks %j", (distances, ticks) => {
    expect(distanceTicks({ ...means, distances }).map(({ text }) => text)).toEqual(ticks);
  });
});
