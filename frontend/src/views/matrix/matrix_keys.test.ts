import { describe, expect, test } from "vitest";
import { type KeyAction, keyAction } from "./matrix_keys";
import { type Cell, type Sheet, type Viewport, whole } from "./viewport";

const short: Sheet = { rows: 14, columns: 14, cellWidth: 32, cellHeight: 32 };
const long: Sheet = { rows: 4096, columns: 4096, cellWidth: 0.125, cellHeight: 0.125 };
const cell: Cell = { row: 9, column: 5 };

function press(
  key: string,
  from: Cell | null = cell,
  sheet = short,
  view = whole,
): KeyAction | null {
  return keyAction({ key, shiftKey: false }, view, sheet, from);
}

describe("keys of the matrix", () => {
  test.each([
    ["ArrowUp", { row: 8, column: 5 }],
    ["ArrowDown", { row: 10, column: 5 }],
    ["ArrowLeft", { row: 9, column: 4 }],
    ["ArrowRight", { row: 9, column: 6 }],
  ])("%s moves to the next cell", (key, next) => {
    expect(press(key)?.cell).toEqual(next);
  });

  test("arrows start in the middle, stop at the edge, and pass several tiny cells at once", () => {
    expect(press("ArrowUp", null)?.cell).toEqual({ row: 7, column: 7 });
    expect(press("ArrowUp", { row: 0, column: 0 })?.cell).toEqual({ row: 0, column: 0 });
    expect(press("ArrowDown", { row: 100, column: 0 }, long)?.cell).toEqual({
      row: 116,
      column: 0,
    });
  });

  test("the view follows the cell", () => {
    const view: Viewport = { zoom: 2, row: 0, column: 0 };
    expect(press("ArrowDown", { row: 6, column: 0 }, short, view)?.view?.row).toBe(1);
  });

  test("plus and minus zoom on the cell, 0 shows all", () => {
    const near = press("+")!.view!;
    expect(near.zoom).toBe(1.5);
    expect((9.5 - near.row) * near.zoom).toBeCloseTo(9.5);
    expect(press("-", cell, short, near)?.view?.zoom).toBe(1);
    expect(press("0", cell, short, near)?.view).toEqual(whole);
  });

  test("Enter selects, Escape frees, Shift + arrows extend, others mean nothing", () => {
    expect(press("Enter")).toEqual({ pin: true });
    expect(press("Escape")).toEqual({ clear: true });
    const extended = keyAction({ key: "ArrowDown", shiftKey: true }, whole, short, cell);
    expect(extended?.extend).toBe(true);
    expect(press("x")).toBeNull();
  });
});
