import { expect, it } from "vitest";

import { plotHeight } from "./cell_panel";

it.each([
  ["a low window", 560, 14, 72],
  ["a window of 1600 × 900", 690, 14, 190],
  ["a high window", 1200, 14, 240],
  ["few keys", 560, 4, 240],
  ["a long text, whose row has its largest weights alone", 690, 900, 190],
])("the chart of a cell has what the bars of its row leave: %s", (_, room, keys, wanted) => {
  expect(plotHeight(room, keys)).toBe(wanted);
});
