import { expect, it } from "vitest";
import { gridLayout, headsInOrder } from "../../draw/grid";
import { fillRoom, patternSizes } from "../../parts/heads_grid/layout";
import { LENS, lensArea } from "./lens_area";

const [layers, heads] = [80, 64];
const room = { width: 1344, height: 740, side: 336 };
const layout = gridLayout(
  Array.from({ length: layers }, (_, layer) => ({
    layer,
    heads,
    group: "",
    order: headsInOrder(heads),
  })),
  patternSizes(fillRoom(room, { layers, heads, headings: 0 }, null), false),
);

it.each([
  ["in the middle", { layer: 40, head: 30 }, { layer: 38, head: 28 }],
  ["at the first head", { layer: 0, head: 0 }, { layer: 0, head: 0 }],
  ["at the last head", { layer: 79, head: 63 }, { layer: 76, head: 59 }],
])("holds whole rows and columns %s", (_, at, first) => {
  const { cells, box } = lensArea(layout, at)!;
  expect(cells.length).toBe(LENS.rows);
  expect(cells.every((row) => row.length === LENS.columns)).toBe(true);
  expect(cells[0]![0]).toEqual(first);
  expect(cells.flat()).toContainEqual(at);
  expect(box.x + box.width).toBeLessThanOrEqual(layout.width + 0.01);
  expect(box.y + box.height).toBeLessThanOrEqual(layout.height + 0.01);
});

it("has no place for a head that the grid does not have", () => {
  expect(lensArea(layout, { layer: 99, head: 0 })).toBeNull();
});
