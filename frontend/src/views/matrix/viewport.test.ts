import { describe, expect, test } from "vitest";
import {
  boxOf,
  cellAt,
  largestZoom,
  nearestCell,
  panned,
  placeAt,
  revealed,
  type Sheet,
  stretches,
  whole,
  zoomed,
} from "./viewport";

const sheet: Sheet = { rows: 4096, columns: 4096, cellWidth: 0.125, cellHeight: 0.125 };

describe("the viewport", () => {
  test("keeps the place under the pointer while zooming in", () => {
    const point = { x: 300, y: 120 };
    const before = placeAt(whole, sheet, point);
    const after = placeAt(zoomed(whole, sheet, 7, point), sheet, point);
    expect(after.row).toBeCloseTo(before.row);
    expect(after.column).toBeCloseTo(before.column);
  });

  test("zooms no further than cells of 48 pixels and no smaller than the whole", () => {
    expect(zoomed(whole, sheet, 1e6, { x: 0, y: 0 }).zoom).toBe(384);
    expect(zoomed(whole, sheet, 0.1, { x: 9, y: 9 })).toEqual(whole);
    expect(largestZoom({ ...sheet, cellWidth: 32, cellHeight: 32 })).toBe(2);
  });

  test("pans to the edge and no further", () => {
    const view = zoomed(whole, sheet, 4, { x: 0, y: 0 });
    expect(panned(view, sheet, { x: -128, y: 50 })).toEqual({ zoom: 4, row: 0, column: 256 });
    expect(panned(view, sheet, { x: -1e6, y: 0 }).column).toBe(3072);
  });

  test("a cell's box holds the points at which the cell is found", () => {
    const view = zoomed(whole, sheet, 100, { x: 256, y: 256 });
    const cell = cellAt(view, sheet, { x: 100, y: 200 })!;
    const { x, y, width, height } = boxOf(view, sheet, cell);
    expect(x <= 100 && x + width > 100 && y <= 200 && y + height > 200).toBe(true);
    expect(cellAt(whole, sheet, { x: 513, y: 2 })).toBeNull();
  });

  test("a point beside the matrix is nearest to a cell of its edge", () => {
    const view = zoomed(whole, sheet, 100, { x: 256, y: 256 });
    const inside = { x: 100, y: 200 };
    expect(nearestCell(view, sheet, inside)).toEqual(cellAt(view, sheet, inside));
    expect(nearestCell(whole, sheet, { x: -5, y: 900 })).toEqual({ row: 4095, column: 0 });
  });

  test("moves just as far as a cell needs to be seen", () => {
    const view = { zoom: 4096 / 16, row: 100, column: 100 };
    expect(revealed(view, sheet, { row: 110, column: 110 })).toEqual(view);
    expect(revealed(view, sheet, { row: 116, column: 90 })).toEqual({
      ...view,
      row: 101,
      column: 90,
    });
  });

  test("says which cells the device pixels show", () => {
    const { across, down } = stretches({ zoom: 8, row: 10, column: 20 }, sheet, 2);
    expect(across).toEqual({ start: 20, cellsPerPixel: 0.5 });
    expect(down).toEqual({ start: 10, cellsPerPixel: 0.5 });
  });
});
