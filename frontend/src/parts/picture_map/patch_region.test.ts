import { expect, it } from "vitest";

import type { Panel } from "../../decoding/panels";
import { positionsIn, rectangleOf } from "./patch_region";

const panel: Panel = {
  name: "",
  list: "tokens",
  rows: 3,
  cols: 4,
  positions: Int32Array.from({ length: 12 }, (_, at) => 1 + at),
  picture: null,
  box: [0, 0, 1, 1],
  aspect: 4 / 3,
};

it("is the same rectangle from whichever corner it is drawn", () => {
  const wanted = { rows: [0, 1], cols: [1, 3] };
  for (const [from, to] of [
    [1, 7],
    [7, 1],
    [3, 5],
    [5, 3],
  ] as const)
    expect(rectangleOf(panel, { from, to })).toEqual(wanted);
});

it("names the positions of its patches, ascending, where the patches lie in another order too", () => {
  expect(positionsIn(panel, { from: 1, to: 7 })).toEqual([2, 3, 4, 6, 7, 8]);
  const mirrored = { ...panel, positions: panel.positions.slice().reverse() };
  expect(positionsIn(mirrored, { from: 0, to: 4 })).toEqual([8, 12]);
});
