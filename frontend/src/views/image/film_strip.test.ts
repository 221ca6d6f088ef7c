import { expect, it } from "vitest";

import { frameSteps } from "./film_strip";

const steps = Array.from({ length: 100 }, (_, at) => 10 * at);

it.each([
  [null, [0, 330, 660, 990]],
  [500, [0, 330, 500, 990]],
  [990, [0, 330, 660, 990]],
  [5, [0, 330, 660, 990]],
])("frames are spaced evenly, the shown step %s among them", (shown, expected) => {
  expect(frameSteps(steps, shown, 4)).toEqual(expected);
});

it("has every step where they fit", () => {
  expect(frameSteps([1, 2, 3], 2, 4)).toEqual([1, 2, 3]);
});
