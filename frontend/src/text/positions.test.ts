import { describe, expect, it } from "vitest";

import { formatPositions, parsePositions, positionsOf, runsOf } from "./positions";

const marks = { comma: ",", dash: "-" };
const same: [number[], string][] = [
  [[], ""],
  [[7], "7"],
  [[3, 10, 11, 12], "3,10-12"],
  [[0, 1, 5], "0-1,5"],
  [Array.from({ length: 4096 }, (_, at) => at), "0-4095"],
];

describe("positions", () => {
  it.each(same)("%j come back from their text", (positions, text) => {
    expect(formatPositions(positions, marks)).toBe(text);
    expect(parsePositions(text, marks)).toEqual(positions);
    expect(positionsOf(runsOf(positions))).toEqual(positions);
  });

  it("are put in order, each once", () => {
    expect(parsePositions("5,2-4,3", marks)).toEqual([2, 3, 4, 5]);
  });

  it.each(["a", "3,", "-3", "5-4", "1-2-3", "1.5", "0-999999999"])("%j is none", (text) => {
    expect(parsePositions(text, marks)).toBeUndefined();
  });
});
