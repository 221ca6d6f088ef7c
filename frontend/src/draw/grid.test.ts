import { describe, expect, it } from "vitest";
import {
  cellAt,
  cellBox,
  gridLayout,
  HEADING_HEIGHT,
  headsInOrder,
  MEAN,
  neighbour,
  NOTE_HEIGHT,
  rowParts,
  sortHeads,
  type GridLayer,
  type GridSizes,
} from "./grid";

const sizes: GridSizes = {
  pitchX: 46,
  pitchY: 80,
  cell: { width: 42, height: 42 },
  sparkTop: 44,
  sparkHeight: 17,
  markHeight: 4,
  numberHeight: 0,
  hasMean: true,
  isOverview: false,
};
const overview = { ...sizes, pitchX: 9.7, pitchY: 6.35, cell: { width: 8.7, height: 5.35 } };

function layers(count: number, heads: number, group = ""): GridLayer[] {
  return Array.from({ length: count }, (_, layer) => ({
    layer,
    heads,
    group,
    order: headsInOrder(heads),
  }));
}

const ragged: GridLayer[] = [
  { layer: 0, heads: 4, group: "Encoder", order: [2, 0, 1, 3] },
  { layer: 1, heads: 2, group: "Decoder", order: [0, 1] },
  { layer: 2, heads: 3, group: "Cross", order: [2, 1, 0] },
  { layer: 3, heads: 2, group: "Decoder", order: [1, 0] },
];

const strip = { height: 21, sparkTop: 0, sparkHeight: 21, markHeight: 0 };
const tall = { height: 116, sparkTop: 22, sparkHeight: 87, markHeight: 7 };
const wrapping: GridSizes = { ...sizes, perLine: 3 };
const folding: GridSizes = {
  ...sizes,
  shaped: new Map([
    [0, { pitch: 24, isFolded: true, parts: strip }],
    [1, { pitch: 120, isFolded: false, parts: tall }],
    [2, { pitch: 24, isFolded: true, parts: strip }],
  ]),
  noteAfter: 0,
};

describe("the grid of heads", () => {
  it.each([
    ["6 × 12", layers(6, 12), sizes],
    ["80 × 64, parts of pixels", layers(80, 64), { ...overview, hasMean: false }],
    ["ragged groups", ragged, sizes],
    ["folded rows", ragged, folding],
    ["lines of three", ragged, wrapping],
    ["folded lines of three", ragged, { ...folding, perLine: 3 }],
  ])("finds every head again at the middle of its cell, %s", (_, rows, of) => {
    const layout = gridLayout(rows, of);
    for (const { layer, order } of rows) {
      for (const head of layout.meanX === null ? order : [...order, MEAN]) {
        const box = cellBox(layout, { layer, head })!;
        const found = cellAt(layout, box.x + box.width / 2, box.y + box.height / 2);
        expect(found).toEqual({ layer, head });
      }
    }
  });

  it("puts the means after the last head, where they are wanted", () => {
    expect(gridLayout(layers(6, 12), sizes).meanX).toBe(12 * 46 + 8);
    expect(gridLayout(layers(6, 12), sizes).width).toBe(12 * 46 + 8 + 42);
    expect(gridLayout(layers(6, 12), { ...sizes, hasMean: false })).toMatchObject({
      meanX: null,
      width: 11 * 46 + 42,
    });
  });

  it("has rows of their own height, and a line of words under one of them", () => {
    const layout = gridLayout(ragged, folding);
    expect(layout.rows.map(({ layer, pitch }) => [layer, pitch])).toEqual([
      [0, 24],
      [1, 120],
      [3, 80],
      [2, 24],
    ]);
    expect(layout.height).toBe(24 + 120 + 80 + 24 + 3 * HEADING_HEIGHT + NOTE_HEIGHT);
    expect(layout.noteTop).toBe(HEADING_HEIGHT + 24);
    expect(layout.rows[1]!.top).toBe(2 * HEADING_HEIGHT + 24 + NOTE_HEIGHT);
    expect(rowParts(layout, layout.rows[1]!)).toBe(tall);
    expect(rowParts(layout, layout.rows[2]!)).toMatchObject({ sparkTop: 44, sparkHeight: 17 });
  });

  it("puts the heads that a line does not hold under it, and the next layer under them", () => {
    const layout = gridLayout(ragged, wrapping);
    expect(layout).toMatchObject({ columns: 3, isWrapped: true, meanX: 3 * 46 + 8 });
    expect(layout.rows.map(({ layer, lines, pitch }) => [layer, lines, pitch])).toEqual([
      [0, 2, 160],
      [1, 1, 80],
      [3, 1, 80],
      [2, 1, 80],
    ]);
    const [first, fourth] = [2, 3].map((head) => cellBox(layout, { layer: 0, head })!);
    expect(fourth).toEqual({ ...first, y: first!.y + 80 });
    expect(cellAt(layout, 46 + 5, fourth!.y + 5)).toBeNull();
    expect(gridLayout(ragged, sizes).isWrapped).toBe(false);
  });

  it("keeps a group's layers together under one heading", () => {
    const layout = gridLayout(ragged, sizes);
    expect(layout.headings.map(({ text }) => text)).toEqual(["Encoder", "Decoder", "Cross"]);
    expect(layout.rows.map(({ layer }) => layer)).toEqual([0, 1, 3, 2]);
    expect(layout.rows[1]!.top - layout.rows[0]!.top).toBe(layout.pitchY + 24);
  });

  it("has no head beyond a shorter layer, above the first row or under a heading", () => {
    const layout = gridLayout(ragged, sizes);
    expect(cellAt(layout, 3 * 46 + 5, layout.rows[1]!.top + 5)).toBeNull();
    expect(cellAt(layout, 5, 5)).toBeNull();
    expect(cellAt(layout, -3, 30)).toBeNull();
  });
});

describe("moving between heads", () => {
  const layout = gridLayout(ragged, sizes);
  it.each([
    ["right", { layer: 0, head: 2 }, { layer: 0, head: 0 }],
    ["left", { layer: 0, head: 2 }, { layer: 0, head: 2 }],
    ["down", { layer: 0, head: 3 }, { layer: 1, head: 1 }],
    ["down", { layer: 3, head: 1 }, { layer: 2, head: 2 }],
    ["up", { layer: 0, head: 1 }, { layer: 0, head: 1 }],
    ["rowEnd", { layer: 3, head: 1 }, { layer: 3, head: 0 }],
  ] as const)("%s follows the grid as it is shown", (direction, from, to) => {
    expect(neighbour(layout, from, direction)).toEqual(to);
  });

  it.each([
    ["down", { layer: 0, head: 2 }, { layer: 0, head: 3 }],
    ["down", { layer: 0, head: 1 }, { layer: 0, head: 3 }],
    ["down", { layer: 0, head: 3 }, { layer: 1, head: 0 }],
    ["up", { layer: 1, head: 1 }, { layer: 0, head: 3 }],
    ["right", { layer: 0, head: 1 }, { layer: 0, head: 3 }],
    ["rowEnd", { layer: 0, head: 2 }, { layer: 0, head: 3 }],
    ["up", { layer: 0, head: 0 }, { layer: 0, head: 0 }],
  ] as const)("%s goes from line to line of one layer", (direction, from, to) => {
    expect(neighbour(gridLayout(ragged, wrapping), from, direction)).toEqual(to);
  });
});

it("sorts heads by falling value, those without one last and equal ones by number", () => {
  const values = [0.2, NaN, 0.9, 0.2, NaN];
  expect(sortHeads(5, (head) => values[head]!)).toEqual([2, 0, 3, 1, 4]);
});
