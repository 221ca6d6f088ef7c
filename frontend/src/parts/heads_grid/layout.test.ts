import { describe, expect, it } from "vitest";
import { gridLayout, headsInOrder, MEAN_GAP } from "../../draw/grid";
import { AROUND, fillRoom, historySizes, patternSizes } from "./layout";

/** Inner sizes of the view: the window without TensorBoard's bar, the left pane and the two bars above the view. */
const rooms = [
  [1280, { width: 1024, height: 622, side: 336 }],
  [1600, { width: 1344, height: 740, side: 336 }],
  [1920, { width: 1664, height: 920, side: 336 }],
  [2560, { width: 2304, height: 1280, side: 336 }],
] as const;

const models = [
  [1, 1],
  [1, 12],
  [1, 32],
  [2, 1],
  [2, 12],
  [3, 4],
  [6, 12],
  [12, 12],
  [24, 16],
  [48, 25],
  [80, 64],
] as const;

const cases = rooms.flatMap(([window, room]) =>
  models.map(([layers, heads]) => [window, layers, heads, room] as const),
);

function grid(layers: number, heads: number) {
  return Array.from({ length: layers }, (_, layer) => ({
    layer,
    heads,
    group: "",
    order: headsInOrder(heads),
  }));
}

describe("the room of a view", () => {
  it.each(cases)(
    "of a window of %i px is filled by %i × %i heads and their panel, nothing scrolled",
    (_, layers, heads, room) => {
      const plan = fillRoom(room, { layers, heads, headings: 0 }, null);
      const layout = gridLayout(grid(layers, heads), patternSizes(plan, false));
      const labels = { width: 24, height: 22 };
      const covered =
        (layout.width + labels.width) * (layout.height + labels.height) + plan.panel * room.height;
      expect(covered / (room.width * room.height)).toBeGreaterThanOrEqual(0.85);
      expect(layout.height).toBeLessThanOrEqual(room.height - AROUND.above - AROUND.below + 0.01);
      const rest = room.width - plan.panel - AROUND.left - AROUND.right;
      expect(layout.width).toBeLessThanOrEqual(rest + 0.01);
    },
  );

  it.each(cases)("of %i px has each head of %i × %i at one place in every view", (_, ...of) => {
    const [layers, heads, room] = of;
    const plan = fillRoom(room, { layers, heads, headings: 0 }, null);
    const [first, ...others] = [
      patternSizes(plan, false),
      patternSizes(plan, true),
      historySizes(plan),
    ].map((sizes) => gridLayout(grid(layers, heads), sizes));
    for (const other of others) {
      expect(other.pitchX).toBe(first!.pitchX);
      expect(other.meanX).toBe(first!.meanX);
      expect(other.rows.map(({ top }) => top)).toEqual(first!.rows.map(({ top }) => top));
    }
  });

  it.each(cases)(
    "of %i px holds square patterns of 24 px and more, or an overview, %i × %i",
    (_, ...of) => {
      const [layers, heads, room] = of;
      const { cell, isOverview } = patternSizes(
        fillRoom(room, { layers, heads, headings: 0 }, null),
        false,
      );
      if (isOverview) return expect(Math.min(cell.width, cell.height)).toBeGreaterThan(3);
      expect(cell.width).toBe(cell.height);
      expect(cell.width).toBeGreaterThanOrEqual(24);
    },
  );

  it("is left to the grid where there is no panel", () => {
    const room = { width: 1024, height: 622, side: 0 };
    expect(fillRoom(room, { layers: 6, heads: 12, headings: 0 }, null).panel).toBe(0);
  });

  it("is scrolled through where the cells are zoomed", () => {
    const plan = fillRoom(rooms[0][1], { layers: 80, heads: 64, headings: 0 }, 48);
    const { cell, pitchX } = patternSizes(plan, false);
    expect(cell).toEqual({ width: 48, height: 48 });
    expect(plan.panel).toBe(336);
    expect(64 * pitchX + MEAN_GAP).toBeGreaterThan(1024);
  });
});

describe("few layers", () => {
  it.each(rooms)("of %i px have histories that fill their rows, in whole cells", (_, room) => {
    for (const [layers, heads] of [
      [2, 4],
      [3, 12],
    ] as const) {
      const plan = fillRoom(room, { layers, heads, headings: 0 }, null);
      const sizes = patternSizes(plan, false);
      const used = sizes.sparkTop + sizes.sparkHeight + sizes.markHeight;
      expect(used).toBeLessThanOrEqual(sizes.pitchY);
      expect(used).toBeGreaterThan(0.85 * sizes.pitchY);
      expect(sizes.sparkWidth).toBe(sizes.cell.width);
      expect(sizes.sparkHeight).toBeLessThanOrEqual(2 * sizes.cell.width);
    }
  });

  it.each(rooms)("of %i px have their heads on several lines where one leaves room", (_, room) => {
    const perLine = (layers: number, heads: number) =>
      fillRoom(room, { layers, heads, headings: 0 }, null).perLine;
    expect(perLine(1, 12)).toBe(4);
    expect(perLine(2, 12)).toBe(6);
    expect(perLine(1, 32)).toBeLessThan(32);
    for (const [layers, heads] of [
      [1, 1],
      [3, 4],
      [6, 12],
      [24, 16],
      [80, 64],
    ] as const)
      expect(perLine(layers, heads)).toBeUndefined();
  });

  it("on several lines have a number each, and are not zoomed so", () => {
    const shape = { layers: 1, heads: 12, headings: 0 };
    const sizes = patternSizes(fillRoom(rooms[0][1], shape, null), false);
    expect(sizes.numberHeight).toBeGreaterThan(0);
    const used = sizes.sparkTop + sizes.sparkHeight + sizes.markHeight + sizes.numberHeight;
    expect(used).toBeLessThanOrEqual(sizes.pitchY);
    expect(fillRoom(rooms[0][1], shape, 48).perLine).toBeUndefined();
  });

  it("of a numbered grid leave the number its line", () => {
    const plan = fillRoom(rooms[1][1], { layers: 2, heads: 4, headings: 0 }, null);
    const { sparkTop, sparkHeight, markHeight, pitchY } = patternSizes(plan, true);
    expect(pitchY - sparkTop - sparkHeight - markHeight).toBeGreaterThanOrEqual(15);
  });
});

describe("an overview", () => {
  it.each(rooms)(
    "of %i px leaves room for the layers' shares, and as few as it must",
    (_, room) => {
      const shape = { layers: 80, heads: 64, headings: 0 };
      const [alone, shared] = [room, { ...room, hasShares: true }].map((each) =>
        patternSizes(fillRoom(each, shape, null), false),
      );
      const bare = gridLayout(grid(80, 64), alone!);
      const layout = gridLayout(grid(80, 64), shared!);
      expect(layout.beside).toBeGreaterThan(0);
      expect(layout.width).toBeCloseTo(bare.width, 0);
      expect(layout.pitchX * 64 + layout.beside!).toBeLessThanOrEqual(layout.width + layout.pitchX);
    },
  );
});

describe("a numbered grid", () => {
  it.each(cases.filter(([, layers]) => layers <= 12))(
    "of %i px leaves a line for the number, %i × %i",
    (_, layers, heads, room) => {
      const sizes = patternSizes(fillRoom(room, { layers, heads, headings: 0 }, null), true);
      const used = sizes.sparkTop + sizes.sparkHeight + sizes.markHeight;
      expect(sizes.pitchY - used).toBeGreaterThanOrEqual(15);
    },
  );
});

it("counts the lines that each layer of a ragged model takes", () => {
  const room = { width: 884, height: 640, side: 336 };
  const each = [3, 12, 1, 20];
  const plan = fillRoom(room, { layers: 4, heads: 20, headings: 0, each }, null);
  const layers = each.map((heads, layer) => {
    return { layer, heads, group: "", order: headsInOrder(heads) };
  });
  const layout = gridLayout(layers, patternSizes(plan, false));
  const height = room.height - AROUND.above - AROUND.below;
  expect(layout.isWrapped).toBe(true);
  expect(layout.height).toBeLessThanOrEqual(height);
  expect(layout.height).toBeGreaterThan(0.8 * height);
});
