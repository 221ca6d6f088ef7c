import { describe, expect, it } from "vitest";

import { gridLayout, headsInOrder } from "../../draw/grid";
import { AROUND, fillRoom, historySizes } from "../../parts/heads_grid/layout";
import { arrange, type Told } from "./arrangement";
import { mostLanes } from "./when_room";

/** Inner sizes of the view: the window without TensorBoard's bar, the left pane and the two bars above the view. */
const rooms = [
  ["1280 × 800", { width: 1024, height: 640, side: 336 }],
  ["1600 × 900", { width: 1344, height: 740, side: 336 }],
  ["1920 × 1080", { width: 1664, height: 920, side: 336 }],
  ["2560 × 1440", { width: 2304, height: 1280, side: 336 }],
] as const;

/** Layers, heads, and how many of them changed in each of the last layers. */
const models = [
  [1, 1, [1]],
  [2, 1, [1]],
  [6, 12, [3, 9]],
  [6, 12, [1, 2, 3, 4, 5, 6]],
  [6, 12, []],
  [12, 12, [4, 12]],
  [12, 12, [1, 1, 1, 1, 1, 1]],
  [24, 16, [5]],
] as const;

function placed(
  room: { width: number; height: number; side: number },
  [layers, heads, last]: Model,
) {
  const plan = fillRoom(room, { layers, heads, headings: 0 }, null);
  const rows = Array.from({ length: layers }, (_, layer) => {
    return { layer, heads, group: "", order: headsInOrder(heads) };
  });
  const moved = [...Array<number>(layers - last.length).fill(0), ...last];
  const sizes = historySizes(plan);
  const base = { ...gridLayout(rows, sizes), panel: plan.panel };
  const width = room.width - plan.panel;
  const of = (told: Partial<Told>) => {
    const lanes = mostLanes(room.height);
    const all = { height: room.height, width, moved, isFolding: true, lanes, hasScalar: true };
    const { rows: heights, when } = arrange(base, { ...all, ...told });
    return { grid: gridLayout(rows, { ...sizes, ...heights }), when, moved, width, plan };
  };
  return of;
}

type Model = (typeof models)[number];

const cases = rooms.flatMap(([name, room]) =>
  models.map((model) => [name, ...model.map((each) => JSON.stringify(each)), room, model] as const),
);

describe("the view's room", () => {
  it.each(cases)("of a window of %s is used by %s × %s heads, %s of them changed", (...of) => {
    const [room, model] = [of[4], of[5]] as [(typeof rooms)[number][1], Model];
    const { grid, when, width, plan } = placed(room, model)({});
    const used = AROUND.above + grid.height + (when?.height ?? AROUND.below);
    expect(used).toBeLessThanOrEqual(room.height + 0.01);
    const labels = { width: 24, height: 22 };
    const covered =
      (grid.width + labels.width) * (grid.height + labels.height) +
      (when?.height ?? 0) * width +
      plan.panel * room.height;
    expect(covered / (room.width * room.height)).toBeGreaterThanOrEqual(0.85);
  });

  it.each(cases)("of %s gives each changed layer of %s × %s 96 px beside When, %s", (...of) => {
    const [room, model] = [of[4], of[5]] as [(typeof rooms)[number][1], Model];
    const { grid, when, moved } = placed(room, model)({});
    if (when === null) return;
    const hasChanged = moved.some((count) => count > 0);
    for (const row of grid.rows)
      if (!hasChanged || moved[row.layer]! > 0) expect(row.pitch).toBeGreaterThanOrEqual(96);
  });

  const usual = placed(rooms[1][1], models[2]);

  it("has When under two rows that changed, as high as it has lanes", () => {
    expect(usual({}).when!.height).toBeGreaterThan(180);
    expect(usual({}).grid.height).toBeGreaterThanOrEqual(0.62 * 740);
    expect(usual({ lanes: 1 }).when!.height).toBeLessThan(usual({ lanes: 3 }).when!.height);
    expect(usual({ hasScalar: false }).when).toMatchObject({ plot: 0 });
  });

  it.each([
    ["all layers changed", { moved: [1, 1, 1, 1, 1, 1] }],
    ["nothing folds", { isFolding: false }],
    ["the column is narrow", { width: 400 }],
    ["the window is low", { height: 400 }],
    ["there is nothing to tell", { lanes: 0, hasScalar: false }],
  ])("has no When where %s", (_, told) => {
    expect(usual(told).when).toBeNull();
  });
});

describe("a map of heads", () => {
  const map = (room: (typeof rooms)[number][1]) =>
    placed(room, [80, 64, Array<number>(80).fill(9)] as unknown as Model)({});

  it("has the histogram of When under it, and all its rows", () => {
    const { grid, when } = map(rooms[1][1]);
    expect(grid.rows[0]!.pitch).toBeGreaterThanOrEqual(5);
    expect(AROUND.above + grid.height + when!.height + AROUND.below).toBeLessThanOrEqual(740.01);
  });

  it("keeps the height of its cells in a low window", () => {
    const { grid, when, plan } = map(rooms[0][1]);
    expect(when).toBeNull();
    expect(grid.rows[0]!.pitch).toBe(plan.pitchY);
  });
});
