import { describe, expect, it } from "vitest";

import {
  heightOf,
  plotBox,
  readLine,
  stepTicks,
  valueTicks,
  type ChartPicture,
} from "./step_chart";

const picture: ChartPicture = {
  axis: { first: 0, last: 100, isLog: false },
  scale: { least: 0, most: 1 },
  lines: [],
  hasStepLabels: true,
  width: 336,
  height: 100,
};
const line = { colour: "#000000", width: 2, steps: [0, 10, 20], values: [0.1, 0.5, NaN] };

describe("a line that is read at a step", () => {
  it.each([
    ["exact", 10, 0.5],
    ["exact", 12, NaN],
    ["exact", 20, NaN],
    ["nearest", 12, 0.5],
    ["nearest", -5, 0.1],
  ] as const)("%s at step %d", (reading, step, expected) => {
    expect(readLine({ ...line, reading }, step)).toBe(expected);
  });

  it("says nothing when it is not to be read", () => {
    expect(readLine(line, 10)).toBeNaN();
  });
});

describe("a chart", () => {
  it("leaves room for its labels", () => {
    const { left, width, top, height } = plotBox(picture);
    expect(left + width).toBeLessThan(picture.width - 50);
    expect(top + height).toBeLessThan(picture.height - 16);
  });

  it("labels least, middle and most", () => {
    expect(valueTicks(picture.scale).map(({ text }) => text)).toEqual(["0", ".5", "1"]);
    expect(valueTicks({ least: 0, most: 50 }).map(({ text }) => text)).toEqual(["0", "25", "50"]);
  });

  it("labels round steps at their places", () => {
    expect(stepTicks(picture).map(({ text }) => text)).toEqual([
      "0",
      "20",
      "40",
      "60",
      "80",
      "100",
    ]);
    expect(stepTicks(picture)[1]!.place).toBe(0.2);
  });

  it("has its scale from the bottom to the top", () => {
    expect([0, 25, 50].map((value) => heightOf(value, { least: 0, most: 50 }))).toEqual([
      0, 0.5, 1,
    ]);
  });
});
