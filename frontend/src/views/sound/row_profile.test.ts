import { expect, it } from "vitest";

import { profileSteps } from "./row_profile";

it("the profile of a row is as high as its weights, and ends on the axis", () => {
  const steps = profileSteps(Float32Array.of(0, 0.5, 2), 1, { width: 30, height: 10 });
  expect(steps.map((point) => point.join())).toEqual([
    "0,10",
    "0,10",
    "10,10",
    "10,5",
    "20,5",
    "20,0",
    "30,0",
    "30,10",
  ]);
});
