import { expect, it } from "vitest";
import { gridLayout, headsInOrder, NOTE_HEIGHT } from "../../draw/grid";
import { fillRoom, historySizes } from "../../parts/heads_grid/layout";
import { foldedRows, STRIP } from "./folded_rows";

const sizes = historySizes(
  fillRoom({ width: 1344, height: 740, side: 336 }, { layers: 6, heads: 12, headings: 0 }, null),
);

it("folds layers in which no head changed, and gives their height to the others by their changes", () => {
  const { shaped, noteAfter } = foldedRows(sizes, [0, 0, 0, 0, 2, 8]);
  expect([...shaped!].filter(([, row]) => row.isFolded).map(([layer]) => layer)).toEqual([
    0, 1, 2, 3,
  ]);
  expect(shaped!.get(0)!.pitch).toBe(STRIP);
  expect(shaped!.get(4)!.pitch).toBeGreaterThanOrEqual(96);
  expect(shaped!.get(5)!.pitch).toBeGreaterThan(shaped!.get(4)!.pitch);
  expect(noteAfter).toBe(3);
});

it("keeps the height of the grid", () => {
  const { shaped } = foldedRows(sizes, [0, 3, 0, 5, 2, 8]);
  const height = [...shaped!.values()].reduce((sum, { pitch }) => sum + pitch, NOTE_HEIGHT);
  expect(height).toBeLessThanOrEqual(6 * sizes.pitchY);
  expect(height).toBeGreaterThan(6 * sizes.pitchY - 6);
});

it.each([
  ["all changed", [1, 2, 3]],
  ["none changed", [0, 0, 0]],
])("folds nothing where %s", (_, moved) => {
  expect(foldedRows(sizes, moved)).toEqual({});
});

it("leaves each head in its column and the layers in their order, so that it is found again in the other views", () => {
  const grid = Array.from({ length: 6 }, (_, layer) => {
    return { layer, heads: 12, group: "", order: headsInOrder(12) };
  });
  const [plain, folded] = [sizes, { ...sizes, ...foldedRows(sizes, [0, 3, 0, 5, 0, 8]) }].map(
    (each) => gridLayout(grid, each),
  );
  expect([folded!.pitchX, folded!.meanX]).toEqual([plain!.pitchX, plain!.meanX]);
  const tops = folded!.rows.map(({ top }) => top);
  expect(folded!.rows.map(({ layer }) => layer)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(tops).toEqual([...tops].sort((a, b) => a - b));
});

it("puts the line of words under the first strips, in the order of the rows", () => {
  const order = [3, 0, 1, 2, 4, 5];
  expect(foldedRows(sizes, [0, 3, 0, 0, 2, 8], { height: 500, order }).noteAfter).toBe(0);
});

it("counts the lines of heads that a layer's row has", () => {
  const wide = { width: 1344, height: 740, side: 336 };
  const wrapped = historySizes(fillRoom(wide, { layers: 2, heads: 12, headings: 0 }, null));
  const [order, lines] = [
    [0, 1],
    [2, 2],
  ];
  const rows = foldedRows(wrapped, [0, 4], { height: 500, order, lines });
  const grid = gridLayout(
    order.map((layer) => ({ layer, heads: 12, group: "", order: headsInOrder(12) })),
    { ...wrapped, ...rows },
  );
  expect(grid.rows.map(({ isFolded }) => isFolded)).toEqual([true, false]);
  expect(grid.rows[0]!.pitch).toBe(2 * STRIP);
  expect(grid.height).toBeLessThanOrEqual(500);
  expect(grid.height).toBeGreaterThan(490);
});
