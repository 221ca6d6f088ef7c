import { describe, expect, it } from "vitest";

import { sketchedCurve, sketchedHead, sketchedVector } from "./sketches";

describe("the sketches of an empty page", () => {
  it("are the same every time, and stay in their scale", () => {
    expect(sketchedHead(3).codes).toEqual(sketchedHead(3).codes);
    expect(sketchedHead(3).codes).toHaveLength(144);
    for (const number of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const curve = sketchedCurve(number, 25);
      expect(Math.min(...curve)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...curve)).toBeLessThanOrEqual(1.1);
      for (const value of sketchedVector(number, 24))
        expect(Math.abs(value)).toBeLessThanOrEqual(1);
    }
  });
});
