import { describe, expect, test } from "vitest";

import { COARSEST, TILE } from "../../state";
import { levelFor, tilesInView } from "./tiles";
import { settled, type Sheet } from "./viewport";

/** 32,768 tokens on 700 pixels; a pixel of the whole picture has 128 × 128 cells. */
const sheet: Sheet = {
  rows: 32768,
  columns: 32768,
  cellWidth: 700 / 32768,
  cellHeight: 700 / 32768,
};
const whole = [128, 128] as const;
const at = (zoom: number, row: number, column: number) => settled({ zoom, row, column }, sheet);

describe("the parts of a long head that are in view", () => {
  test.each([
    [1, null], // 47 cells a pixel: left to the whole picture
    [1.6, 4],
    [12, 1],
    [46, 0],
    [400, 0],
  ])("zoomed %d × are of level %s", (zoom, level) => {
    expect(levelFor(at(zoom, 0, 0), sheet, 1, whole)).toBe(level);
  });
  test("a pixel of the screen never has less than one of theirs, up to the coarsest", () => {
    for (let zoom = 2; zoom < 100; zoom *= 1.3) {
      const level = levelFor(at(zoom, 0, 0), sheet, 1, whole)!;
      expect(level).toBeLessThanOrEqual(COARSEST);
      expect(2 ** level).toBeLessThanOrEqual(Math.max(1, 46.9 / zoom));
    }
  });
  test("cover the view, the one in its middle first, and stay inside the head", () => {
    const view = at(46.8, 32768, 32768); // the last corner: one cell a pixel
    const tiles = tilesInView(view, sheet, 1, whole);
    expect(tiles.length).toBeLessThanOrEqual(9);
    expect(tiles[0]).toEqual({ level: 0, row: 63, column: 63 });
    for (const { row, column } of tiles) expect(Math.max(row, column) * TILE).toBeLessThan(32768);
  });
  test("are none where the whole picture has every cell", () => {
    const small: Sheet = { rows: 200, columns: 200, cellWidth: 3, cellHeight: 3 };
    expect(tilesInView({ zoom: 1, row: 0, column: 0 }, small, 1, [1, 1])).toEqual([]);
  });
});
