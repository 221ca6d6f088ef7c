import { describe, expect, it } from "vitest";

import { sequentialTable, themePixel } from "./colour";
import { drawPatchMap, patchBox, scaledPicture, strengthOf, topPatches } from "./patch_map";
import { makeRaster, type Raster } from "./raster";

const style = { theme: "light", opacity: 1, isSmooth: false } as const;

function lit(raster: Raster, pixel: number): number[] {
  return [...raster.pixels.keys()].filter((at) => raster.pixels[at] === pixel);
}

describe.each([
  [4, 4],
  [3, 7],
])("a map of %i × %i patches", (rows, cols) => {
  it("lights a patch over its very place, and nothing else", () => {
    const [width, height] = [cols * 5 + 3, rows * 6 + 1];
    const box = patchBox([0, 0, (cols * 5) / width, (rows * 6) / height], width, height);
    for (let patch = 0; patch < rows * cols; patch++) {
      const raster = makeRaster(width, height);
      const strength = new Float32Array(rows * cols);
      strength[patch] = 1;
      drawPatchMap(raster, box, { rows, cols, strength }, style);
      const [row, col] = [Math.floor(patch / cols), patch % cols];
      const expected = Array.from({ length: 30 }, (_, at) => {
        const [y, x] = [row * 6 + Math.floor(at / 5), col * 5 + (at % 5)];
        return y * width + x;
      });
      expect(lit(raster, sequentialTable("light")[255]! | 0xff000000)).toEqual([]);
      expect([...raster.pixels.keys()].filter((at) => raster.pixels[at] !== 0)).toEqual(expected);
    }
  });
});

it("lets the picture show through where the weight is small, and less where the map is opaque", () => {
  const strength = Float32Array.of(0, 1 / 3, 1);
  const raster = makeRaster(3, 1);
  raster.pixels.fill(0xff000000);
  drawPatchMap(raster, { x: 0, y: 0, width: 3, height: 1 }, { rows: 1, cols: 3, strength }, style);
  const red = [...raster.pixels].map((pixel) => pixel & 255);
  const ink = [...strength].map((each) => sequentialTable("light")[Math.round(255 * each)]! & 255);
  expect(red[0]).toBe(0);
  expect(red[1]! / ink[1]!).toBeCloseTo(0.5, 1);
  expect(red[2]).toBe(ink[2]);
});

it("draws no patch whose weight is not a number", () => {
  const raster = makeRaster(2, 1);
  const strength = Float32Array.of(NaN, 1);
  drawPatchMap(raster, { x: 0, y: 0, width: 2, height: 1 }, { rows: 1, cols: 2, strength }, style);
  expect([...raster.pixels].map((pixel) => pixel !== 0)).toEqual([false, true]);
});

it("is linear between the centres of patches when it is smooth", () => {
  const raster = makeRaster(40, 1);
  const map = { rows: 1, cols: 2, strength: Float32Array.of(0, 1) };
  raster.pixels.fill(themePixel("background", "light"));
  drawPatchMap(raster, { x: 0, y: 0, width: 40, height: 1 }, map, { ...style, isSmooth: true });
  const red = [...raster.pixels].map((pixel) => pixel & 255);
  expect(red.slice(0, 10).every((each) => each === 255)).toBe(true);
  expect(new Set(red.slice(30)).size).toBe(1);
  expect(red.slice(10, 30)).toEqual([...red.slice(10, 30)].sort((a, b) => b - a));
});

it("keeps the smallest set of patches that holds the share", () => {
  const weights = Float32Array.of(0.125, 0.5, 0.25, 0.125);
  expect([...topPatches(weights, 0.6)]).toEqual([0, 1, 1, 0]);
  expect([...topPatches(weights, 0.5)]).toEqual([0, 1, 0, 0]);
  expect([...topPatches(new Float32Array(3), 0.6)]).toEqual([0, 0, 0]);
});

it("ends the colours at nine times uniform and rises with the root", () => {
  expect([0, 1, 4, 9, 100].map((times) => strengthOf(times))).toEqual([0, 1 / 3, 2 / 3, 1, 1]);
});

it("draws an outline around the patches of the set alone", () => {
  const raster = makeRaster(18, 6);
  const map = { rows: 1, cols: 3, strength: new Float32Array(3), outlined: Uint8Array.of(0, 1, 1) };
  drawPatchMap(raster, { x: 0, y: 0, width: 18, height: 6 }, map, style);
  const columns = [...raster.pixels.keys()]
    .filter((at) => raster.pixels[at] !== 0)
    .map((at) => at % 18);
  expect([Math.min(...columns), Math.max(...columns)]).toEqual([6, 17]);
  expect(raster.pixels[2 * 18 + 11]).toBe(0); // no line between two patches of the set
});

describe("the picture below", () => {
  const source = { width: 2, height: 1, pixels: Uint32Array.of(0xff0000ff, 0xff00ff00) };

  it("is grey and faint, as it is, or nothing", () => {
    const of = (look: "dimmed" | "full" | "off") =>
      scaledPicture(source, 2, 1, look, "light").pixels;
    expect([...of("full")]).toEqual([0xff0000ff, 0xff00ff00]);
    for (const pixel of of("dimmed"))
      expect([(pixel >> 8) & 255, (pixel >> 16) & 255]).toEqual([pixel & 255, pixel & 255]);
    expect(new Set(of("off")).size).toBe(1);
    expect([...scaledPicture(null, 2, 1, "full", "light").pixels]).toEqual([...of("off")]);
  });

  it("is a mean where it is smaller, and repeats pixels where it is larger", () => {
    expect(scaledPicture(source, 1, 1, "full", "light").pixels[0]).toBe(0xff008080);
    expect([...scaledPicture(source, 4, 1, "full", "light").pixels.slice(0, 2)]).toEqual([
      0xff0000ff, 0xff0000ff,
    ]);
  });
});
