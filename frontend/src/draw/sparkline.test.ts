import { describe, expect, it } from "vitest";
import { makeRaster } from "./raster";
import { drawSparkline, drawStepMark } from "./sparkline";

const background = 0xffffffff;
const style = { thin: 0xff888888, bold: 0xff000000, baseline: 0xffeeeeee, scale: 1 };
const box = { x: 0, y: 0, width: 41, height: 17 };

function drawn(values: number[], boldFrom = -1): Uint32Array {
  const raster = makeRaster(41, 17);
  raster.pixels.fill(background);
  const places = Float32Array.from(values, (_, at) => at / (values.length - 1));
  drawSparkline(raster, box, { places, values: Float32Array.from(values), boldFrom }, style);
  return raster.pixels;
}

function inkedRows(pixels: Uint32Array, x: number): number[] {
  return Array.from({ length: 16 }, (_, y) => y).filter((y) => pixels[y * 41 + x] !== background);
}

describe("a sparkline", () => {
  it("stands at the top for 1 and falls to the baseline for 0", () => {
    const pixels = drawn([1, 1, 0, 0, 0]);
    expect(inkedRows(pixels, 2)).toEqual([0]);
    expect(pixels[16 * 41 + 35]).toBe(style.thin);
  });

  it("leaves a gap where a value is missing, and keeps the baseline there", () => {
    const pixels = drawn([0.5, 0.5, NaN, 0.5, 0.5]);
    expect(inkedRows(pixels, 20)).toEqual([]);
    expect(inkedRows(pixels, 5)).toEqual([8]);
    expect(inkedRows(pixels, 35)).toEqual([8]);
    expect(pixels[16 * 41 + 20]).toBe(style.baseline);
  });

  it("covers a steep rise without holes", () => {
    const values = Array.from({ length: 41 }, (_, at) => (at < 20 ? 0 : 1));
    expect(inkedRows(drawn(values), 20).length).toBeGreaterThanOrEqual(8);
  });

  it("is bold from the lasting change on", () => {
    const pixels = drawn([0.5, 0.5, 0.5, 0.5, 0.5], 2);
    expect(inkedRows(pixels, 10).length).toBe(1);
    expect(inkedRows(pixels, 30).length).toBeGreaterThan(1);
  });

  it("shows a value that stands alone between gaps", () => {
    expect(inkedRows(drawn([NaN, NaN, 0.5, NaN, NaN]), 20)).toEqual([8]);
  });
});

it.each([
  [0, 0],
  [0.5, 20],
  [1, 39],
])("marks the step at place %d from column %d on, inside the cell", (place, column) => {
  const raster = makeRaster(41, 4);
  drawStepMark(raster, { x: 0, y: 0, width: 41, height: 4 }, place, 7, 1);
  const marked = [...raster.pixels.slice(0, 41).keys()].filter((x) => raster.pixels[x] === 7);
  expect(marked).toEqual([column, column + 1]);
});
