import { describe, expect, test } from "vitest";
import { sequentialTable, type Theme, weightTable } from "./colour";
import { drawMatrix, type Stretch } from "./matrix";
import { buildPyramid, type CodeSource, headCodes } from "./pyramid";
import { makeRaster } from "./raster";

const positions = (count: number): Int32Array => Int32Array.from({ length: count }, (_, at) => at);

function coded(queries: number, keys: number): CodeSource & { codes: Uint8Array } {
  const codes = new Uint8Array(queries * keys);
  return {
    queries,
    keys,
    firstHead: 0,
    rowMax: new Float32Array(queries).fill(1),
    codes,
    values: null,
  };
}

function picture(source: CodeSource, size: number, across: Stretch, down: Stretch, theme: Theme) {
  const cells = headCodes(source, 0, positions(source.queries), positions(source.keys));
  const raster = makeRaster(size, size);
  drawMatrix(raster, buildPyramid(cells), across, down, sequentialTable(theme));
  return raster;
}

describe("codes of a head", () => {
  test("are round(255 √weight), row maxima and heads before it counted in", () => {
    const values = Float32Array.of(1, 0.25, NaN, 0.04);
    const floats = { ...coded(2, 2), firstHead: 3, codes: null, values };
    expect([...headCodes(floats, 3, positions(2), positions(2)).codes]).toEqual([255, 128, 0, 51]);
    const source = { ...coded(2, 2), rowMax: Float32Array.of(0.25, 1) };
    source.codes.set([255, 0, 255, 10]);
    expect([...headCodes(source, 0, positions(2), positions(2)).codes]).toEqual([128, 0, 255, 10]);
  });

  test("leave out hidden tokens and keep muted ones empty", () => {
    const source = coded(3, 3);
    source.codes.set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const cells = headCodes(source, 0, Int32Array.of(0, 2), Int32Array.of(-1, 2));
    expect([...cells.codes]).toEqual([0, 3, 0, 9]);
  });

  test("every level has the maxima of two by two, odd sides included", () => {
    const source = coded(3, 5);
    source.codes[14] = 200;
    source.codes[3] = 90;
    const [, half, quarter] = buildPyramid(headCodes(source, 0, positions(3), positions(5)));
    expect(half).toMatchObject({ rows: 2, columns: 3 });
    expect([...half!.codes]).toEqual([0, 90, 0, 0, 0, 200]);
    expect([...quarter!.codes]).toEqual([90, 200]);
  });
});

describe.each<Theme>(["light", "dark"])("the matrix of 4096 tokens, %s", (theme) => {
  test.each([100, 333, 490, 768])("shows its one bright cell in a picture of %i pixels", (size) => {
    const source = coded(4096, 4096);
    const [query, key] = [2711, 1033];
    source.codes[query * 4096 + key] = 240;
    const whole = { start: 0, cellsPerPixel: 4096 / size };
    const { pixels } = picture(source, size, whole, whole, theme);
    const bright = sequentialTable(theme)[240];
    const at = Math.floor((query * size) / 4096) * size + Math.floor((key * size) / 4096);
    expect(pixels[at]).toBe(bright);
    expect(pixels.filter((pixel) => pixel === bright).length).toBeLessThanOrEqual(4);
  });

  test.each([0.8, 3, 7.3])(
    "keeps it with %f pixels a cell, wherever the window begins",
    (pitch) => {
      const source = coded(4096, 4096);
      source.codes[2711 * 4096 + 1033] = 240;
      const stretch = (cell: number): Stretch => ({ start: cell - 20.4, cellsPerPixel: 1 / pitch });
      const { pixels } = picture(source, 300, stretch(1033), stretch(2711), theme);
      const bright = pixels.filter((pixel) => pixel === sequentialTable(theme)[240]).length;
      expect(bright).toBeGreaterThanOrEqual(Math.max(1, Math.floor(pitch) ** 2));
      expect(bright).toBeLessThanOrEqual((Math.ceil(pitch) + 1) ** 2);
    },
  );
});

describe("the matrix", () => {
  test("is empty outside its cells", () => {
    const source = coded(2, 2);
    const stretch = { start: -1, cellsPerPixel: 1 };
    const { pixels } = picture(source, 4, stretch, stretch, "light");
    const zero = sequentialTable("light")[0]!;
    expect([...pixels.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...pixels.slice(4, 8)]).toEqual([0, zero, zero, 0]);
  });

  test("on the linear scale a weight of a quarter has a quarter's colour", () => {
    expect(weightTable("light", "linear")[128]).toBe(sequentialTable("light")[64]);
    expect(weightTable("light", "root")[128]).toBe(sequentialTable("light")[128]);
    expect(weightTable("dark", "linear")[255]).toBe(sequentialTable("dark")[255]);
  });
});
