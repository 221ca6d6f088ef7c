import { describe, expect, it } from "vitest";
import { makeRaster } from "./raster";
import { drawDot, drawDotted, drawTriangle, drawUpright } from "./spark_marks";

const box = { x: 0, y: 0, width: 21, height: 11 };
const ink = 0xff000000;

function drawn(draw: (raster: ReturnType<typeof makeRaster>) => void): [x: number, y: number][] {
  const raster = makeRaster(21, 11);
  raster.pixels.fill(0xffffffff);
  draw(raster);
  return [...raster.pixels.keys()]
    .filter((at) => raster.pixels[at] === ink)
    .map((at) => [at % 21, Math.floor(at / 21)]);
}

describe("marks of a sparkline", () => {
  it("dot every third pixel at the baseline's height", () => {
    const found = drawn((raster) => drawDotted(raster, box, 0.5, ink, 1));
    expect(found).toEqual([0, 3, 6, 9, 12, 15, 18].map((x) => [x, 5]));
  });

  it("stand upright at the place of the step", () => {
    const found = drawn((raster) => drawUpright(raster, box, 0.25, ink, 1));
    expect(found).toEqual(Array.from({ length: 11 }, (_, y) => [5, y]));
  });

  it("have their dot on the value", () => {
    const found = drawn((raster) => drawDot(raster, box, 0.5, 0.5, { radius: 1.5, colour: ink }));
    expect(found).toContainEqual([10, 5]);
    expect(found.every(([x, y]) => Math.abs(x - 10) <= 1 && Math.abs(y - 5) <= 1)).toBe(true);
  });

  it("end in a tip below", () => {
    const under = { ...box, y: 2, height: 5 };
    const found = drawn((raster) => drawTriangle(raster, under, 0.5, ink));
    const widths = [2, 4, 6].map((row) => found.filter(([, y]) => y === row).length);
    expect(widths[0]).toBeGreaterThan(widths[1]!);
    expect(widths[1]).toBeGreaterThan(widths[2]!);
    expect(found.every(([x]) => Math.abs(x - 10) <= 4)).toBe(true);
  });
});
