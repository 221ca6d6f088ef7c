import { expect, it } from "vitest";

import { shownKeys } from "./sentence";

it("all words of a short text are shown, of a longer one those with most weight, in the order of the text", () => {
  const short = new Float32Array(60).fill(1 / 60);
  expect(shownKeys(short)).toEqual(Array.from({ length: 60 }, (_, key) => key));
  const long = new Float32Array(128).fill(0.001);
  for (const key of [127, 40, 3]) long[key] = 0.2;
  long[7] = NaN;
  const keys = shownKeys(long);
  expect(keys).toHaveLength(24);
  expect(keys).toEqual(expect.arrayContaining([3, 40, 127]));
  expect(keys).not.toContain(7);
  expect(keys.toSorted((a, b) => a - b)).toEqual(keys);
});
