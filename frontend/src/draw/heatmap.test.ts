import { describe, expect, it } from "vitest";
import { sequentialTable } from "./colour";
import { drawHeatmap, meanCodes, poolCodes, sourceSpans } from "./heatmap";
import { makeRaster } from "./raster";

const light = sequentialTable("light");
const whole = { x: 0, y: 0, width: 40, height: 40 };

function drawn(codes: Uint8Array, size: number, box = whole, colours = light): Uint32Array {
  const raster = makeRaster(40, 40);
  drawHeatmap(raster, box, { codes, offset: 0, rows: size, columns: size }, colours);
  return raster.pixels;
}

describe("a heat map", () => {
  it.each(["light", "dark"] as const)(
    "shows every single bright code of 64 × 64 in a cell of 40 pixels, %s",
    (theme) => {
      const colours = sequentialTable(theme);
      for (let at = 0; at < 64 * 64; at += 37) {
        const codes = new Uint8Array(64 * 64);
        codes[at] = 255;
        const bright = drawn(codes, 64, whole, colours).filter((pixel) => pixel === colours[255]);
        expect(bright.length, `code ${at}`).toBe(1);
      }
    },
  );

  it.each([1, 15, 16, 23, 24, 31, 32, 33, 40])(
    "has the largest code of all that fall on a pixel, %i columns in 16 pixels",
    (columns) => {
      const codes = Uint8Array.from({ length: columns * columns }, (_, at) => (at * 97 + 31) % 256);
      const side = 16;
      const raster = makeRaster(side, side);
      const box = { x: 0, y: 0, width: side, height: side };
      drawHeatmap(raster, box, { codes, offset: 0, rows: columns, columns }, light);
      const span = (at: number): [number, number] => {
        const first = Math.floor((at * columns) / side);
        return [first, Math.max(first + 1, Math.floor(((at + 1) * columns) / side))];
      };
      const largest = (y: number, x: number): number => {
        const [top, bottom] = span(y);
        const [left, right] = span(x);
        let found = 0;
        for (let row = top; row < bottom; row++)
          found = Math.max(found, ...codes.slice(row * columns + left, row * columns + right));
        return found;
      };
      const wanted = Array.from(
        raster.pixels,
        (_, at) => light[largest(Math.floor(at / side), at % side)],
      );
      expect([...raster.pixels]).toEqual(wanted);
    },
  );

  it("keeps the diagonal of an identity pattern where query equals key", () => {
    const codes = Uint8Array.from({ length: 14 * 14 }, (_, at) => (at % 15 === 0 ? 255 : 0));
    const pixels = drawn(codes, 14);
    for (let token = 0; token < 14; token++) {
      const middle = Math.floor(((token + 0.5) / 14) * 40);
      expect(pixels[middle * 40 + middle]).toBe(light[255]);
    }
    expect(pixels[39]).toBe(light[0]);
    expect(pixels[39 * 40]).toBe(light[0]);
  });

  it("draws queries as rows and keys as columns", () => {
    const codes = new Uint8Array(4);
    codes[1] = 255;
    const pixels = drawn(codes, 2);
    expect(pixels[10 * 40 + 30]).toBe(light[255]);
    expect(pixels[30 * 40 + 10]).toBe(light[0]);
  });

  it("draws only the part of a cell that lies inside the raster", () => {
    const codes = new Uint8Array(64 * 64).fill(255);
    const pixels = drawn(codes, 64, { x: -20, y: 30, width: 40, height: 40 });
    expect(pixels[30 * 40]).toBe(light[255]);
    expect(pixels[30 * 40 + 19]).toBe(light[255]);
    expect(pixels[30 * 40 + 20]).toBe(0);
    expect(pixels[29 * 40]).toBe(0);
  });

  it("uses one scale, so that half a weight is as dark beside a large one as alone", () => {
    const alone = Uint8Array.of(180, 0, 0, 0);
    const beside = Uint8Array.of(180, 255, 0, 0);
    expect(drawn(alone, 2)[0]).toBe(drawn(beside, 2)[0]);
  });
});

it("parts all sources among fewer pixels, each to one", () => {
  const spans = sourceSpans(64, 40);
  expect([spans[0], spans[40]]).toEqual([0, 64]);
  expect(spans.slice(1).every((end, at) => end > spans[at]!)).toBe(true);
});

it("averages weights and not their square roots", () => {
  expect([...meanCodes(Uint8Array.of(255, 0, 0, 0), 0, 2, 2)]).toEqual([180, 0]);
});

it("pools to the largest code of each block, whatever the size", () => {
  const codes = Uint8Array.of(9, 1, 2, 0, 3, 0, 0, 0, 4);
  const head = { codes, offset: 0, rows: 3, columns: 3 };
  expect(poolCodes(head, 2)).toEqual({
    codes: Uint8Array.of(9, 2, 0, 4),
    offset: 0,
    rows: 2,
    columns: 2,
  });
  expect(poolCodes(head, 3)).toBe(head);
});
