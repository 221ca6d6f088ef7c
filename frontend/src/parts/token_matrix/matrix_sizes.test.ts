import { describe, expect, it } from "vitest";

import { makeAxis } from "../token_lines/axis";
import { matrixSizes, ROOM_FOR_NUMBER } from "./matrix_sizes";

function axisOf(tokens: number) {
  const names = Array.from({ length: tokens }, (_, at) => `token${at}`);
  return makeAxis(names, new Set(), null, { specials: "show", only: null });
}

function axesOf(tokens: number) {
  return { query: axisOf(tokens), key: axisOf(tokens) };
}

describe("the cells of a small matrix", () => {
  it.each([
    [14, 337, 19],
    [14, 305, 17],
    [6, 337, 24],
  ])("of %i tokens in %i px are %i px wide and hold numbers", (tokens, width, wanted) => {
    const sizes = matrixSizes(axesOf(tokens), { width, height: 396, largest: 24 });
    expect(sizes?.cell).toBe(wanted);
    expect(wanted).toBeGreaterThanOrEqual(ROOM_FOR_NUMBER);
    expect(sizes!.left + wanted * tokens).toBeLessThan(width);
  });

  it.each([
    [5, 150, 337, 24],
    [8, 250, 337, 24],
    [30, 100, 337, 13],
  ])("of %i queries and %i keys are narrow and fill %i px", (queries, keys, width, high) => {
    const axes = { query: axisOf(queries), key: axisOf(keys) };
    const room = { width, height: 396, largest: 24 };
    expect(matrixSizes(axes, room)).toBeNull();
    const sizes = matrixSizes(axes, { ...room, mayBeThin: true });
    expect(sizes?.cell).toBe(high);
    expect(sizes!.left + keys * sizes!.across!).toBeLessThanOrEqual(width);
    expect(keys * sizes!.across!).toBeGreaterThan(0.7 * width);
  });

  it.each([
    [30, 30],
    [150, 5],
    [4, 900],
  ])("of %i queries and %i keys are never narrow", (queries, keys) => {
    const axes = { query: axisOf(queries), key: axisOf(keys) };
    const room = { width: 337, height: 396, largest: 24, mayBeThin: true };
    expect(matrixSizes(axes, room)).toBeNull();
  });

  it("are left out where names would run into each other", () => {
    expect(matrixSizes(axesOf(30), { width: 337, height: 396, largest: 24 })).toBeNull();
    expect(matrixSizes(axesOf(40), { width: 900, height: 396, largest: 24 })).toBeNull();
  });
});
