import { describe, expect, it } from "vitest";

import { rowHeightOf } from "./row_height";

describe("a row of the lines", () => {
  it.each([
    ["fills the room", 640, 14, 36],
    ["is lower where a short text else had to be scrolled", 545, 14, 28],
    ["is at most 64 px high", 1200, 14, 64],
    ["is 32 px high where more rows are scrolled to", 640, 40, 32],
    ["is 32 px high while the room is not measured", 0, 14, 32],
  ])("%s", (_, height, rows, wanted) => expect(rowHeightOf(height, rows)).toBe(wanted));
});
