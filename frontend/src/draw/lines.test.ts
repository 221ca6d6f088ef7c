import { describe, expect, test } from "vitest";
import { type LinePicture, LineRasteriser, type LineSource } from "./lines";

const width = 160;
const rowHeight = 16;
const red = [255, 0, 0] as const;
const blue = [0, 0, 255] as const;

function source(heads: number[][][]): LineSource {
  return {
    queries: heads[0]!.length,
    keys: heads[0]![0]!.length,
    readRow: (head, query, into, start, end) => {
      for (let key = start; key < end; key++) into[key] = heads[head]![query]![key]!;
    },
  };
}

function matrix(size: number, weight: (query: number, key: number) => number): number[][] {
  return Array.from({ length: size }, (_, query) =>
    Array.from({ length: size }, (_, key) => weight(query, key)),
  );
}

function places(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (i + 0.5) * rowHeight);
}

function picture(size: number, changes: Partial<LinePicture> = {}): LinePicture {
  return {
    width,
    height: size * rowHeight,
    queryY: places(size),
    keyY: places(size),
    heads: [{ head: 0, colour: red, offset: 0 }],
    threshold: 0.02,
    gain: 2,
    width0: 1,
    widthPerWeight: 0,
    ...changes,
  };
}

function alphaAt(bytes: Uint8ClampedArray, x: number, y: number): number {
  return bytes[4 * (Math.floor(y) * width + x) + 3]!;
}

/** Rows of 16 px whose middle has ink at a column. */
function inkedRows(bytes: Uint8ClampedArray, x: number, size: number): number[] {
  return Array.from({ length: size }, (_, row) => row).filter(
    (row) => alphaAt(bytes, x, row * rowHeight + rowHeight / 2) > 40,
  );
}

function draw(heads: number[][][], changes: Partial<LinePicture> = {}): Uint8ClampedArray {
  return new LineRasteriser().draw(source(heads), picture(heads[0]!.length, changes));
}

function isBlank(bytes: Uint8ClampedArray): boolean {
  return bytes.every((byte) => byte === 0);
}

describe("lines", () => {
  test("the identity is one level line per token", () => {
    const bytes = draw([matrix(6, (query, key) => Number(query === key))]);
    for (const x of [0, 80, 159]) expect(inkedRows(bytes, x, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(alphaAt(bytes, 80, rowHeight)).toBe(0);
  });

  test("the previous token: lines leave from all rows but the first and arrive at all but the last", () => {
    const bytes = draw([matrix(6, (query, key) => Number(key === query - 1))]);
    expect(inkedRows(bytes, 0, 6)).toEqual([1, 2, 3, 4, 5]);
    expect(inkedRows(bytes, 159, 6)).toEqual([0, 1, 2, 3, 4]);
  });

  test("the first token: all lines arrive at the first row", () => {
    const bytes = draw([matrix(6, (_, key) => Number(key === 0))]);
    expect(inkedRows(bytes, 0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(inkedRows(bytes, 159, 6)).toEqual([0]);
  });

  test("one steep line over 128 rows has no gap", () => {
    const bytes = draw([matrix(128, (query, key) => Number(query === 0 && key === 127))]);
    for (let y = rowHeight; y < 127 * rowHeight; y++) {
      let ink = 0;
      for (let x = 0; x < width; x++) ink += alphaAt(bytes, x, y);
      expect(ink, `row of pixels ${y}`).toBeGreaterThan(100);
    }
  });

  test("a line whose ends are far apart has as much ink a row when steep as a column when level", () => {
    const bytes = draw([matrix(128, (query, key) => Number(query === 0 && key === 127))], {
      gain: 0.01,
    });
    let ink = 0;
    for (let x = 0; x < width; x++) ink += alphaAt(bytes, x, 64 * rowHeight);
    expect(ink / 255).toBeGreaterThan(0.005);
    expect(ink / 255).toBeLessThan(0.03);
  });

  test("a muted token draws nothing, on either side", () => {
    const queryY = places(4).fill(NaN, 1, 2);
    const onlyMutedQuery = matrix(4, (query) => Number(query === 1));
    expect(isBlank(draw([onlyMutedQuery], { queryY }))).toBe(true);
    const keyY = places(4).fill(NaN, 2, 3);
    const onlyMutedKey = matrix(4, (_, key) => Number(key === 2));
    expect(isBlank(draw([onlyMutedKey], { keyY }))).toBe(true);
  });

  test("weights below the threshold draw nothing, the threshold itself draws", () => {
    expect(isBlank(draw([matrix(4, () => 0.25)], { threshold: 0.26 }))).toBe(true);
    expect(isBlank(draw([matrix(4, () => 0.25)], { threshold: 0.25 }))).toBe(false);
  });

  test("without a threshold a weight of zero still draws nothing", () => {
    expect(isBlank(draw([matrix(4, () => 0)], { threshold: 0 }))).toBe(true);
  });

  test("lines of alpha under 1/255 add up, and gain makes a single one visible", () => {
    const faint = { threshold: 0, gain: 1 };
    const one = draw([matrix(2, (query, key) => 0.001 * Number(query === key))], faint);
    expect(alphaAt(one, 80, 8)).toBe(0);
    const heads = Array.from({ length: 200 }, () => matrix(2, (q, k) => 0.001 * Number(q === k)));
    const shown = heads.map((_, head) => ({ head, colour: red, offset: 0 }));
    expect(alphaAt(draw(heads, { ...faint, heads: shown }), 80, 8)).toBeGreaterThan(20);
    const gained = draw([heads[0]!], { threshold: 0, gain: 100 });
    expect(alphaAt(gained, 80, 8)).toBeGreaterThan(10);
  });

  test("heads on one place mix as the weighted mean of their colours, never to white or black", () => {
    const bytes = draw([matrix(1, () => 0.9), matrix(1, () => 0.3)], {
      heads: [
        { head: 0, colour: red, offset: 0 },
        { head: 1, colour: blue, offset: 0 },
      ],
    });
    const at = 4 * (8 * width + 80);
    expect(Array.from(bytes.subarray(at, at + 3))).toEqual([191, 0, 64]);
  });

  test("six heads mix as the two would that hold their weights together", () => {
    const shares = [0.2, 0.1, 0.2, 0.2, 0.2, 0.3]; // three parts red, one part blue
    const isBlue = [false, true, false, false, true, false];
    const bytes = draw(
      shares.map((share) => matrix(1, () => share)),
      {
        heads: isBlue.map((blueOne, head) => ({ head, colour: blueOne ? blue : red, offset: 0 })),
      },
    );
    const at = 4 * (8 * width + 80);
    expect(Array.from(bytes.subarray(at, at + 3))).toEqual([191, 0, 64]);
  });

  test("offsets lay heads side by side", () => {
    const bytes = draw([matrix(1, () => 1)], { heads: [{ head: 0, colour: red, offset: 5 }] });
    expect(alphaAt(bytes, 80, 8)).toBe(0);
    expect(alphaAt(bytes, 80, 13)).toBeGreaterThan(100);
  });

  test("one query, or one key, can be drawn alone", () => {
    const all = matrix(4, () => 0.25);
    expect(inkedRows(draw([all], { query: 2 }), 0, 4)).toEqual([2]);
    expect(inkedRows(draw([all], { query: 2 }), 159, 4)).toEqual([0, 1, 2, 3]);
    expect(inkedRows(draw([all], { key: 1 }), 159, 4)).toEqual([1]);
    expect(inkedRows(draw([all], { key: 1 }), 0, 4)).toEqual([0, 1, 2, 3]);
  });

  test("of a long list only lines with an end in view are drawn, cut at the edges", () => {
    const far = matrix(8, (query, key) => Number(query === 0 && key === 7));
    const shifted = places(8).map((y) => y - 3 * rowHeight);
    const view = { height: 2 * rowHeight, queryY: shifted, keyY: shifted };
    expect(isBlank(draw([far], view))).toBe(true);
    const near = matrix(8, (query, key) => Number(query === 3 && key === 7));
    const bytes = draw([near], view);
    expect(alphaAt(bytes, 0, 8)).toBeGreaterThan(100);
    expect(alphaAt(bytes, 159, 8)).toBe(0);
  });

  test("a rasteriser used again forgets the former picture", () => {
    const rasteriser = new LineRasteriser();
    rasteriser.draw(source([matrix(3, () => 1)]), picture(3));
    expect(isBlank(rasteriser.draw(source([matrix(3, () => 0)]), picture(3)))).toBe(true);
  });

  test("thickness grows with the weight", () => {
    const thick = draw([matrix(1, () => 1)], { width0: 1, widthPerWeight: 4 });
    const rows = Array.from({ length: 16 }, (_, y) => y).filter((y) => alphaAt(thick, 80, y) > 0);
    expect(rows.length).toBeGreaterThanOrEqual(5);
  });

  test("one token alone has one line", () => {
    expect(inkedRows(draw([[[1]]]), 80, 1)).toEqual([0]);
  });
});
