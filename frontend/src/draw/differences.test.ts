import { describe, expect, it } from "vitest";

import { divergingTable } from "./colour";
import { differenceCode, differenceTable, drawDifferences, NO_DIFFERENCE } from "./differences";
import { makeRaster } from "./raster";

const colours = differenceTable(divergingTable("light"), 0);

describe("differences", () => {
  it.each([
    [0, 128],
    [1, 255],
    [-1, 1],
    [0.25, 192],
    [-0.25, 65],
  ])("has a code with the sign and the root of %d", (difference, code) => {
    expect(Math.abs(differenceCode(difference) - code)).toBeLessThanOrEqual(1);
  });

  it("colours the ends of the scale alike far from the middle", () => {
    expect(colours[255]).toBe(divergingTable("light")[510]);
    expect(colours[1]).toBe(divergingTable("light")[0]);
    expect(colours[NO_DIFFERENCE]).toBe(divergingTable("light")[255]);
  });

  it("draws what is smaller than the limit as no difference", () => {
    const limited = differenceTable(divergingTable("dark"), 0.04);
    expect(limited[differenceCode(0.03)]).toBe(divergingTable("dark")[255]);
    expect(limited[differenceCode(-0.05)]).not.toBe(divergingTable("dark")[255]);
  });

  it("keeps a lone loss when the cell has fewer pixels than the picture", () => {
    const codes = new Uint8Array(64).fill(NO_DIFFERENCE);
    codes[8 * 5 + 3] = differenceCode(-0.8);
    codes[8 * 5 + 2] = differenceCode(0.1);
    const raster = makeRaster(4, 4);
    const box = { x: 0, y: 0, width: 4, height: 4 };
    drawDifferences(raster, box, { codes, offset: 0, rows: 8, columns: 8 }, colours);
    expect(raster.pixels[2 * 4 + 1]).toBe(colours[differenceCode(-0.8)]);
    expect(new Set(raster.pixels).size).toBe(2);
  });
});
