import { describe, expect, it } from "vitest";

import { rowHeightOf } from "./row_height";

describe("a row of the columns", () => {
  it.each([
    ["fills the room", 740, 14, 30],
    ["is at most 44 px high", 1140, 14, 44],
    ["is 24 px high where more rows are scrolled to", 740, 40, 24],
    ["is 24 px high while the room is not measured", 0, 14, 24],
  ])("%s", (_, height, rows, wanted) => expect(rowHeightOf(height, rows)).toBe(wanted));
});
