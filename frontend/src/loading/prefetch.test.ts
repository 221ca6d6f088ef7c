import { describe, expect, it } from "vitest";

import { capacityFor, plan, WINDOW } from "./prefetch";

describe("the window around the slider", () => {
  it("goes mostly forwards, nearest first", () => {
    expect(plan(10, 100, 1, 8)).toEqual([11, 12, 13, 9, 14, 15, 16, 8]);
  });

  it("turns with the direction of travel", () => {
    expect(plan(10, 100, -1, 4)).toEqual([9, 8, 7, 11]);
  });

  it("goes all the way back from the latest step, where it opens", () => {
    expect(plan(99, 100, 1, 4)).toEqual([98, 97, 96, 95]);
    expect(plan(98, 100, 1, 4)).toEqual([99, 97, 96, 95]);
  });

  it("stays inside the logged steps", () => {
    expect(plan(1, 3, 1, 50)).toEqual([2, 0]);
    expect(plan(0, 1, 1, 50)).toEqual([]);
    expect(plan(5, 8, -1, 50)).toEqual([4, 3, 2, 6, 1, 0, 7]);
  });

  it("is bounded whatever the capacity", () => {
    expect(plan(500, 1000, 1, 1e9)).toHaveLength(WINDOW);
    expect(plan(500, 1000, 1, -1)).toEqual([]);
  });

  it("holds as many steps as fit beside the present one", () => {
    expect(capacityFor(100, 1000)).toBe(7);
    expect(capacityFor(900, 1000)).toBeLessThanOrEqual(0);
    expect(capacityFor(0, 1000)).toBe(0);
  });
});
