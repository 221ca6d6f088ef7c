import { expect, it } from "vitest";

import { meanNorms } from "./behind_contributions";

it("the length of a key's value is told in means of its head, on the mean over the heads", () => {
  const norm = Float32Array.of(1, 3, 10, 10, 5, 15);
  expect([...meanNorms(norm, 2, [0])]).toEqual([0.5, 1.5]);
  expect([...meanNorms(norm, 2, [0, 1])]).toEqual([0.75, 1.25]);
});
