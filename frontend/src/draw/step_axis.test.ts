import { describe, expect, it } from "vitest";
import { axisOver, axisTicks, nearestStep, placeOf, stepAt } from "./step_axis";

const cases = [
  { first: 0, last: 500, isLog: false },
  { first: 0, last: 100_000, isLog: true },
  { first: -20, last: 30, isLog: true },
  { first: 7, last: 9, isLog: false },
];

it.each(cases)("a step comes back from its place: %o", (axis) => {
  for (let share = 0; share <= 1; share += 0.125) {
    const step = axis.first + share * (axis.last - axis.first);
    expect(stepAt(axis, placeOf(axis, step))).toBeCloseTo(step, 6);
  }
  expect([placeOf(axis, axis.first), placeOf(axis, axis.last)]).toEqual([0, 1]);
});

describe("an axis", () => {
  it("spans all of the given steps", () => {
    expect(axisOver([[5, 9], Float64Array.of(2, 7)], false)).toEqual({
      first: 2,
      last: 9,
      isLog: false,
    });
    expect(axisOver([[], []], true)).toEqual({ first: 0, last: 0, isLog: true });
  });

  it("has its single step in the middle", () => {
    expect(placeOf(axisOver([[40]], false), 40)).toBe(0.5);
    expect(axisTicks(axisOver([[40]], false), 5)).toEqual([40]);
  });

  it("gives early steps more room when logarithmic", () => {
    const axis = { first: 0, last: 1000, isLog: true };
    expect(placeOf(axis, 10)).toBeGreaterThan(0.3);
    expect(axisTicks(axis, 5)).toEqual([0, 10, 100, 1000]);
  });

  it("has round labels", () => {
    expect(axisTicks({ first: 0, last: 96, isLog: false }, 5)).toEqual([0, 20, 40, 60, 80]);
  });
});

it("the nearest step is nearest on the screen", () => {
  const steps = [0, 1, 10, 100];
  const axis = axisOver([steps], true);
  expect(nearestStep(axis, steps, 0)).toBe(0);
  expect(nearestStep(axis, steps, placeOf(axis, 2))).toBe(1);
  expect(nearestStep(axis, steps, placeOf(axis, 50))).toBe(100);
  expect(nearestStep(axis, [], 0.5)).toBeNull();
});
