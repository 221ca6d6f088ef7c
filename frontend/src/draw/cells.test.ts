import { describe, expect, it } from "vitest";

import { cellColumns, paintBar, paintCells } from "./cells";
import { divergingTable } from "./colour";
import { makeRaster } from "./raster";

const table = divergingTable("light");
const [negative, zero, positive] = [table[0]!, table[255]!, table[510]!];

function painted(values: number[], width: number, order = values.map((_, i) => i)): number[] {
  const raster = makeRaster(width, 1);
  const row = { values: Float32Array.from(values), from: 0, largest: 4 };
  paintCells(raster, { x: 0, y: 0, width, height: 1 }, row, cellColumns(order, width), table);
  return [...raster.pixels];
}

describe("cells", () => {
  it("are orange for negative numbers, blue for positive ones, grey for zero", () => {
    expect(painted([-4, 0, 4], 3)).toEqual([negative, zero, positive]);
  });

  it("follow the order, each as wide as the others", () => {
    expect(painted([-4, 4], 4, [1, 0])).toEqual([positive, positive, negative, negative]);
  });

  it("that share a pixel show the one farthest from zero", () => {
    expect(painted([0, 4, 1, 0, -4, 0, 1, 1], 2)).toEqual([positive, negative]);
  });

  it("grow linearly with the number", () => {
    expect(painted([2], 1)).toEqual([table[255 + 128]]);
  });

  it("without a number stay as they are", () => {
    expect(painted([NaN, 4], 2)).toEqual([0, positive]);
  });

  it("are cut off at the raster's edges", () => {
    const raster = makeRaster(2, 3);
    const row = { values: Float32Array.of(4), from: 0, largest: 4 };
    const columns = cellColumns([0], 1);
    paintCells(raster, { x: 1, y: -2, width: 1, height: 3 }, row, columns, table);
    paintCells(raster, { x: 1, y: 2, width: 1, height: 9 }, row, columns, table);
    expect([...raster.pixels]).toEqual([0, positive, 0, 0, 0, positive]);
  });

  it("of a column of zeros are grey", () => {
    const raster = makeRaster(1, 1);
    const row = { values: Float32Array.of(0), from: 0, largest: 0 };
    paintCells(raster, { x: 0, y: 0, width: 1, height: 1 }, row, cellColumns([0], 1), table);
    expect(raster.pixels[0]).toBe(zero);
  });
});

describe("a bar", () => {
  const bar = (share: number): string => {
    const raster = makeRaster(9, 1);
    paintBar(raster, { x: 0, y: 0, width: 9, height: 1 }, 4, share, 7);
    return [...raster.pixels].map((pixel) => (pixel === 7 ? "#" : ".")).join("");
  };
  it.each([
    [1, "....#####"],
    [-1, "####....."],
    [-0.5, "..##....."],
    [0, "....#...."],
    [0.001, "....#...."],
    [NaN, "........."],
    [5, "....#####"],
  ])("of %d is %s", (share, wanted) => {
    expect(bar(share)).toBe(wanted);
  });
});
