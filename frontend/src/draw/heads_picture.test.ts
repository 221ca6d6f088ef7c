import { describe, expect, it } from "vitest";
import { MetricSeries, type Thumbnails } from "../decoding/decode";
import { sequentialTable } from "./colour";
import { gridLayout, headsInOrder, MEAN } from "./grid";
import { drawRows, headCodes, headsInk, rowsIn, type HeadsScene } from "./heads_picture";
import { Histories } from "./histories";
import { makeRaster, type Box } from "./raster";

const SIZE = 14;
const identity = Uint8Array.from({ length: SIZE * SIZE }, (_, at) =>
  at % (SIZE + 1) === 0 ? 255 : 0,
);

/** Two layers of 3 and 2 heads; head 1 of layer 0 is the identity, all others attend to nothing. */
function thumbnails(): Thumbnails {
  const codes = new Uint8Array(5 * SIZE * SIZE);
  codes.set(identity, SIZE * SIZE);
  return {
    layers: [
      { heads: 3, height: SIZE, width: SIZE, offset: 0 },
      { heads: 2, height: SIZE, width: SIZE, offset: 3 * SIZE * SIZE },
    ],
    codes,
  };
}

const values = new Float32Array(3 * 2 * 3).fill(0.5);
const layers = [3, 2].map((heads) => ({ name: "", kind: "self", stack: "", heads }));
const steps = Float64Array.of(0, 10, 30);
const series = new MetricSeries(["entropy"], layers, [20], steps, steps, values, [3, 2, 3, 1]);

const layout = gridLayout(
  [3, 2].map((heads, layer) => ({ layer, heads, group: "", order: headsInOrder(heads) })),
  {
    pitchX: 46,
    pitchY: 80,
    cell: { width: 42, height: 42 },
    sparkTop: 44,
    sparkHeight: 17,
    markHeight: 4,
    numberHeight: 0,
    hasMean: true,
    isOverview: false,
  },
);

function draw(scene: Partial<HeadsScene>, theme: "light" | "dark" = "light", window?: Box) {
  const shown = window ?? { x: 0, y: 0, width: layout.width, height: layout.height };
  const raster = makeRaster(shown.width, shown.height);
  const whole: HeadsScene = {
    thumbnails: thumbnails(),
    style: "heat",
    histories: new Histories(series, 0),
    step: 10,
    isDamaged: false,
    isDim: () => false,
    ...scene,
  };
  const ink = headsInk(theme, 1);
  drawRows({ raster, window: shown }, layout, layout.rows, whole, ink);
  return { at: (x: number, y: number) => raster.pixels[y * shown.width + x]!, ink };
}

describe("the picture of all heads", () => {
  it.each(["light", "dark"] as const)("shows an identity head as a diagonal, %s", (theme) => {
    const { at } = draw({}, theme);
    const colours = sequentialTable(theme);
    for (let token = 0; token < SIZE; token++) {
      expect(at(46 + token * 3 + 1, token * 3 + 1)).toBe(colours[255]);
    }
    expect(at(46 + 30, 4)).toBe(colours[0]);
    expect(at(4, 4)).toBe(colours[0]);
  });

  it("fades a dimmed head and leaves the others as they are", () => {
    const plain = draw({});
    const { at, ink } = draw({ isDim: (layer, head) => layer === 0 && head === 1 });
    expect(at(47, 1)).toBe(ink.dimCodes[255]);
    expect(at(47, 1)).not.toBe(plain.at(47, 1));
    expect(at(4, 4)).toBe(plain.at(4, 4));
  });

  it("crosses out a head whose weights are not numbers, as no head that attends to nothing is", () => {
    const { at, ink } = draw({ isBroken: (layer, head) => layer === 0 && head === 0 });
    const whole = draw({});
    for (const corner of [0, 41]) expect(at(corner, corner)).toBe(ink.damagedMark);
    for (const x of [0, 41]) expect(at(x, 41 - x)).toBe(ink.damagedMark);
    expect(at(20, 4)).toBe(whole.at(20, 4));
    expect(at(46, 0)).toBe(whole.at(46, 0));
  });

  it("keeps the cells' places empty for a damaged step, and marks it in the colour of errors", () => {
    const { at, ink } = draw({ thumbnails: null, isDamaged: true, step: 20 });
    expect(at(47, 1)).toBe(ink.codes[0]);
    const markY = layout.sparkTop + layout.sparkHeight;
    expect(at(Math.round((20 / 30) * 41), markY)).toBe(ink.damagedMark);
    expect(at(layout.meanX! + 4, 4)).toBe(ink.background);
  });

  it("leaves cells to something else, and draws their histories", () => {
    const { at, ink } = draw({ isLeft: (layer) => layer === 0 });
    expect(at(47, 1)).toBe(ink.background);
    expect(at(5, layout.sparkTop + 8)).toBe(ink.line.thin);
    expect(at(1, 80 + 1)).toBe(ink.codes[0]);
  });

  it("leaves a gap in the sparkline from the step before a damaged one to the step after", () => {
    const { at, ink } = draw({});
    const middle = layout.sparkTop + 8;
    expect(at(5, middle)).toBe(ink.line.thin);
    expect(at(Math.round((20 / 30) * 41), middle)).toBe(ink.background);
  });

  it("draws the same pixels in a window that begins inside the grid", () => {
    const all = draw({});
    const part = draw({}, "light", { x: 30, y: 10, width: 80, height: 60 });
    for (const [x, y] of [
      [47, 13],
      [60, 14],
      [50, 40],
      [70, 60],
    ] as const) {
      expect(part.at(x - 30, y - 10)).toBe(all.at(x, y));
    }
  });

  it("draws what lies below kept cells anew, and leaves these as they are", () => {
    const raster = makeRaster(layout.width, layout.height);
    const target = { raster, window: { x: 0, y: 0, width: layout.width, height: layout.height } };
    const at = (step: number, of: Thumbnails | null): HeadsScene => ({
      thumbnails: of,
      style: "heat",
      histories: new Histories(series, 0),
      step,
      isDamaged: false,
      isDim: () => false,
    });
    const ink = headsInk("light", 1);
    drawRows(target, layout, layout.rows, at(0, thumbnails()), ink);
    const first = raster.pixels.slice();
    drawRows(target, layout, layout.rows, at(30, thumbnails()), ink);
    const wanted = raster.pixels.slice();
    expect(wanted).not.toEqual(first);
    raster.pixels.set(first);
    const empty = { ...thumbnails(), codes: new Uint8Array(5 * SIZE * SIZE) };
    drawRows(target, layout, layout.rows, at(30, empty), ink, true);
    expect(raster.pixels).toEqual(wanted);
  });

  it("draws lines when asked", () => {
    const { at, ink } = draw({ style: "lines" });
    expect(at(46 + 20, 1)).not.toBe(ink.codes[0]);
    expect(at(4, 4)).toBe(ink.codes[0]);
  });

  it("has a mean over the heads of a layer, and nothing for a head that is not there", () => {
    const mean = headCodes(thumbnails(), 0, MEAN)!;
    expect(mean.codes[0]).toBe(Math.round(255 * Math.sqrt(1 / 3)));
    expect(headCodes(thumbnails(), 1, 2)).toBeNull();
    expect(headCodes(thumbnails(), 2, 0)).toBeNull();
  });
});

it("draws first what is in view: the rows that a box touches", () => {
  const rows = rowsIn(layout, { x: 0, y: 70, width: 10, height: 20 });
  expect(rows.map(({ layer }) => layer)).toEqual([0, 1]);
});
