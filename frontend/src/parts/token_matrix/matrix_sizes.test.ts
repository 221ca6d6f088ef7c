import { describe, expect, it } from "vitest";

import { makeAxis } from "../token_lines/axis";
import { matrixSizes, ROOM_FOR_NUMBER } from "./matrix_sizes";

function axesOf(tokens: number) {
  const names = Array.from({ length: tokens }, (_, at) => `token${at}`);
  const axis = makeAxis(names, new Set(), null, { specials: "show", only: null });
  return { query: axis, key: axis };
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

  it("are left out where names would run into each other", () => {
    expect(matrixSizes(axesOf(30), { width: 337, height: 396, largest: 24 })).toBeNull();
    expect(matrixSizes(axesOf(40), { width: 900, height: 396, largest: 24 })).toBeNull();
  });
});
