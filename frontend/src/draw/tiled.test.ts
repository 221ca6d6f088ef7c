import { describe, expect, test } from "vitest";

import { makeRaster } from "./raster";
import { drawTiled, partPyramid, type Part } from "./tiled";

const colours = Uint32Array.from({ length: 256 }, (_, code) => code + 1);

function part(first: number, cell: number, rows: number, codes: number[]): Part {
  const span = [first, first + rows * cell] as const;
  return {
    query: span,
    key: span,
    cell: [cell, cell],
    rows,
    columns: rows,
    codes: Uint8Array.from(codes),
  };
}

/** Eight by eight cells in four pixels of the whole. */
const whole = part(0, 4, 2, [10, 0, 20, 30]);

function drawn(parts: Part[], size = 8): number[][] {
  const raster = makeRaster(size, size);
  const stretch = { start: 0, cellsPerPixel: 8 / size };
  const pyramid = partPyramid(whole);
  drawTiled(raster, { part: whole, pyramid }, parts, { across: stretch, down: stretch }, colours);
  return Array.from({ length: size }, (_, y) =>
    Array.from(raster.pixels.subarray(y * size, (y + 1) * size), (pixel) => pixel - 1),
  );
}

describe("a long head in parts", () => {
  test("has the whole picture where no part has come: nothing is blank", () => {
    const cells = drawn([]);
    expect(cells[0]).toEqual([10, 10, 10, 10, 0, 0, 0, 0]);
    expect(cells[7]).toEqual([20, 20, 20, 20, 30, 30, 30, 30]);
  });
  test("has a part where it stands, and nothing of it elsewhere", () => {
    const cells = drawn([part(4, 2, 2, [0, 30, 5, 6])]);
    expect(cells[4]).toEqual([20, 20, 20, 20, 0, 0, 30, 30]);
    expect(cells[7]).toEqual([20, 20, 20, 20, 5, 5, 6, 6]);
    expect(cells[3]).toEqual([10, 10, 10, 10, 0, 0, 0, 0]);
  });
  test("has the finer of two parts of one place, in whatever order they came", () => {
    const [coarse, fine] = [part(4, 2, 2, [1, 2, 3, 4]), part(4, 1, 4, Array(16).fill(9))];
    for (const parts of [
      [coarse, fine],
      [fine, coarse],
    ])
      expect(drawn(parts)[5]).toEqual([20, 20, 20, 20, 9, 9, 9, 9]);
  });
});
