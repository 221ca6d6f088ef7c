import { describe, expect, it } from "vitest";

import { pixelOf } from "./colour";
import { drawCurve } from "./curves";
import { fillBox, makeRaster, type Raster } from "./raster";

const [white, black] = [pixelOf([255, 255, 255]), pixelOf([0, 0, 0])];
const stroke = { colour: black, opacity: 1, width: 1 };

function drawn(points: readonly (readonly [number, number])[], size = 8, look = stroke): Raster {
  const raster = makeRaster(size, size);
  fillBox(raster, { x: 0, y: 0, width: size, height: size }, white);
  const x = Float32Array.from(points, ([at]) => at);
  const y = Float32Array.from(points, ([, at]) => at);
  drawCurve(raster, { x, y }, look);
  return raster;
}

/** Ink of a pixel column, in pixels. */
function ink({ pixels, width, height }: Raster, x: number): number {
  let sum = 0;
  for (let y = 0; y < height; y++) sum += 255 - (pixels[y * width + x]! & 255);
  return sum / 255;
}

describe("a curve", () => {
  it("has ink in every column from the first point to the last", () => {
    const raster = drawn([
      [0, 1],
      [3, 7],
      [7, 2],
    ]);
    for (let x = 0; x < 8; x++) expect(ink(raster, x)).toBeGreaterThan(0.9);
  });

  it("that is level is as thick as its stroke", () => {
    expect(
      ink(
        drawn(
          [
            [0, 4],
            [7, 4],
          ],
          8,
          { ...stroke, width: 2 },
        ),
        3,
      ),
    ).toBeCloseTo(2, 1);
  });

  it("that is steep leaves no gap between columns", () => {
    const raster = drawn([
      [2, 0],
      [4, 8],
    ]);
    const rows = Array.from({ length: 8 }, (_, y) =>
      [2, 3, 4].some((x) => (raster.pixels[8 * y + x]! & 255) < 128),
    );
    expect(rows.every(Boolean)).toBe(true);
  });

  it("outside the raster draws nothing", () => {
    const raster = drawn([
      [0, -20],
      [7, -20],
    ]);
    expect(raster.pixels.every((pixel) => pixel === white)).toBe(true);
  });

  it("is as strong as its opacity, and two are stronger than one", () => {
    const faint = { ...stroke, opacity: 0.5 };
    const once = drawn(
      [
        [0, 4.5],
        [7, 4.5],
      ],
      8,
      faint,
    );
    const twice = drawn(
      [
        [0, 4.5],
        [7, 4.5],
      ],
      8,
      faint,
    );
    drawCurve(twice, { x: Float32Array.of(0, 7), y: Float32Array.of(4.5, 4.5) }, faint);
    expect(ink(once, 3)).toBeCloseTo(0.5, 1);
    expect(ink(twice, 3)).toBeCloseTo(0.75, 1);
  });
});
