import { describe, expect, it } from "vitest";
import {
  cellAt,
  cellBox,
  gridLayout,
  headsInOrder,
  MEAN,
  neighbour,
  NUMBER_HEIGHT,
  sortHeads,
  type GridLayer,
} from "./grid";

const room = { width: 640, height: 480, pitchX: 46, numbered: false };

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

describe("the grid of heads", () => {
  it.each([
    ["6 × 12", layers(6, 12), room],
    ["12 × 12", layers(12, 12), room],
    ["48 × 25", layers(48, 25), room],
    ["ragged groups", ragged, room],
    ["sorted, with numbers", ragged, { ...room, numbered: true }],
  ])("finds every head again at the middle of its cell, %s", (_, rows, space) => {
    const layout = gridLayout(rows, space);
    for (const { layer, order } of rows) {
      for (const head of layout.meanX === null ? order : [...order, MEAN]) {
        const box = cellBox(layout, { layer, head })!;
        const found = cellAt(layout, box.x + box.width / 2, box.y + box.height / 2);
        expect(found).toEqual({ layer, head });
      }
    }
  });

  it("has the pitch of the pictures: 46 × 80 for 6 layers, 40 for 12", () => {
    expect(gridLayout(layers(6, 12), room)).toMatchObject({ pitchX: 46, pitchY: 80 });
    expect(gridLayout(layers(6, 12), room).cell).toEqual({ width: 42, height: 42 });
    expect(gridLayout(layers(12, 12), room).pitchY).toBe(40);
    expect(gridLayout(layers(48, 25), room).height).toBe(48 * 40);
  });

  it("puts the means after the last head, and leaves them out where only they would not fit", () => {
    expect(gridLayout(layers(6, 12), room).meanX).toBe(12 * 46 + 8);
    expect(gridLayout(layers(6, 12), { ...room, width: 575 }).meanX).toBeNull();
    expect(gridLayout(layers(6, 25), room).meanX).toBe(25 * 46 + 8);
  });

  it("keeps a group's layers together under one heading", () => {
    const layout = gridLayout(ragged, room);
    expect(layout.headings.map(({ text }) => text)).toEqual(["Encoder", "Decoder", "Cross"]);
    expect(layout.rows.map(({ layer }) => layer)).toEqual([0, 1, 3, 2]);
    expect(layout.rows[1]!.top - layout.rows[0]!.top).toBe(layout.pitchY + 24);
  });

  it("has no head beyond a shorter layer, above the first row or under a heading", () => {
    const layout = gridLayout(ragged, room);
    expect(cellAt(layout, 3 * 46 + 5, layout.rows[1]!.top + 5)).toBeNull();
    expect(cellAt(layout, 5, 5)).toBeNull();
    expect(cellAt(layout, -3, 30)).toBeNull();
  });

  it("leaves room for numbers when heads are sorted", () => {
    const plain = gridLayout(layers(12, 12), room);
    const numbered = gridLayout(layers(12, 12), { ...room, numbered: true });
    const used = plain.sparkTop + plain.sparkHeight + plain.markHeight;
    expect(numbered.pitchY - used).toBeGreaterThanOrEqual(NUMBER_HEIGHT);
  });
});

describe("moving between heads", () => {
  const layout = gridLayout(ragged, room);
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
});

it("sorts heads by falling value, those without one last and equal ones by number", () => {
  const values = [0.2, NaN, 0.9, 0.2, NaN];
  expect(sortHeads(5, (head) => values[head]!)).toEqual([2, 0, 3, 1, 4]);
});
