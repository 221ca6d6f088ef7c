import { describe, expect, test } from "vitest";
import { columnPitch, extraTokenWidth, meanWidth, tableLayout, tokenWidth } from "./table_layout";

/** Widths of the view at frames of 900, 1280 and 1600 px. */
const widths = [868, 992, 1312];

const beside = (width: number) => 208 + 2 * extraTokenWidth(width);

describe("table_layout", () => {
  test("five heads at 1280 px have the widest columns", () => {
    expect(tableLayout(992, 5)).toEqual({ width: 336, pitch: 56, columns: 5 });
  });

  test.each(widths)("twelve heads all fit into %i px", (width) => {
    expect(tableLayout(width, 12).columns).toBe(12);
  });

  test.each(widths)(
    "the lines keep at least 220 of %i px, whatever the number of heads",
    (width) => {
      for (const heads of [1, 4, 12, 16, 25, 64])
        expect(width - beside(width) - tableLayout(width, heads).width).toBeGreaterThanOrEqual(220);
    },
  );

  test("heads that do not fit come on further pages", () => {
    const { columns } = tableLayout(868, 32);
    expect(columns).toBeGreaterThan(4);
    expect(columns).toBeLessThan(32);
  });

  test("a column of tokens takes its room from the numbers, not from the lines", () => {
    const layout = tableLayout(992, 12);
    const pitch = columnPitch(layout, true);
    expect(12 * pitch + meanWidth(pitch) + tokenWidth).toBeLessThanOrEqual(layout.width);
    expect(pitch).toBeGreaterThan(22);
  });
});
