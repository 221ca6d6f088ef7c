import { describe, expect, test } from "vitest";
import {
  backgroundColour,
  divergingTable,
  headColour,
  inkOn,
  luminance,
  mix,
  pixelOf,
  rgbOf,
  runColour,
  sequentialTable,
} from "./colour";

const themes = ["light", "dark"] as const;

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

describe.each(themes)("colour, %s theme", (theme) => {
  test("sixteen heads have sixteen colours, each 3 : 1 on the background", () => {
    const colours = Array.from({ length: 16 }, (_, head) => headColour(head, theme));
    expect(new Set(colours).size).toBe(16);
    const ground = luminance(backgroundColour(theme));
    for (const colour of colours)
      expect(contrast(luminance(rgbOf(colour)), ground)).toBeGreaterThanOrEqual(2.99);
  });

  test("the seventeenth head repeats the first colour", () => {
    expect(headColour(16, theme)).toBe(headColour(0, theme));
  });

  test("weights run from the empty-cell grey, and more weight is always more ink", () => {
    const table = sequentialTable(theme);
    expect(table[0]).toBe(pixelOf(rgbOf(theme === "light" ? "#f3f5f7" : "#3a3a3a")));
    const ground = luminance(backgroundColour(theme));
    const inks = Array.from(table, (pixel) =>
      contrast(luminance([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]), ground),
    );
    expect(inks.at(-1)).toBeGreaterThan(10);
    for (let code = 1; code < 256; code++)
      expect(inks[code]!).toBeGreaterThanOrEqual(inks[code - 1]! - 0.02);
  });

  test("no difference is the same grey as no weight", () => {
    expect(divergingTable(theme)[255]).toBe(sequentialTable(theme)[0]);
    expect(divergingTable(theme)).toHaveLength(511);
  });

  test("numbers can be read on every weight's colour and on every head's", () => {
    const cells = Array.from({ length: 16 }, (_, head) => rgbOf(headColour(head, theme)));
    for (const pixel of sequentialTable(theme))
      cells.push([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]);
    for (const cell of cells)
      expect(contrast(luminance(rgbOf(inkOn(cell))), luminance(cell))).toBeGreaterThan(4.1);
  });
});

describe("colour", () => {
  test("pixels are little-endian ABGR", () => {
    expect(new Uint8Array(Uint32Array.of(pixelOf([1, 2, 3])).buffer)).toEqual(
      Uint8Array.of(1, 2, 3, 255),
    );
  });

  test("mixing goes from the ground to the colour", () => {
    expect(mix([200, 100, 0], [0, 0, 0], 0.5)).toEqual([100, 50, 0]);
  });

  test("runs keep TensorBoard's colours and repeat", () => {
    expect(runColour(0, "light")).toBe("#425066");
    expect(runColour(0, "dark")).toBe("#8e98a3");
    expect(runColour(8, "light")).toBe(runColour(1, "light"));
  });
});
