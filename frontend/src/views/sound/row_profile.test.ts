import { expect, it } from "vitest";

import { profilePath } from "./row_profile";

it("the profile of a row is as high as its weights, and ends on the axis", () => {
  const path = profilePath(Float32Array.of(0, 0.5, 2), 1, { width: 30, height: 10 });
  expect(path).toBe("M0 10V10.0H10.0V5.0H20.0V0.0H30.0V10Z");
});
