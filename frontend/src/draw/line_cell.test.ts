import { expect, it } from "vitest";
import { sequentialTable } from "./colour";
import { drawLineCell } from "./line_cell";
import { makeRaster } from "./raster";

const colours = sequentialTable("light");
const box = { x: 0, y: 0, width: 42, height: 42 };

function drawn(size: number, bright: readonly number[]): Uint32Array {
  const codes = new Uint8Array(size * size);
  for (const at of bright) codes[at] = 255;
  const raster = makeRaster(42, 42);
  drawLineCell(raster, box, { codes, offset: 0, rows: size, columns: size }, colours);
  return raster.pixels;
}

it("draws a level line for a head that attends to the same token", () => {
  const pixels = drawn(2, [0]);
  for (let x = 0; x < 42; x++) expect(pixels[10 * 42 + x]).not.toBe(colours[0]);
  expect(pixels[31 * 42 + 20]).toBe(colours[0]);
});

it("draws a steep line without holes from the last query to the first key", () => {
  const pixels = drawn(64, [63 * 64]);
  for (let y = 1; y < 41; y++) {
    const row = pixels.slice(y * 42, y * 42 + 42);
    expect(row.some((pixel) => pixel !== colours[0])).toBe(true);
  }
  expect(pixels[41 * 42]).not.toBe(colours[0]);
  expect(pixels[41]).not.toBe(colours[0]);
  expect(pixels[0]).toBe(colours[0]);
});

it("draws nothing for weights of zero", () => {
  expect(drawn(8, []).every((pixel) => pixel === colours[0])).toBe(true);
});
