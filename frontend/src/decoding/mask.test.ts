import { expect, it } from "vitest";

import { keyCount, maskRange } from "./mask";

it.each([
  ["full", 3, 3, 0, [0, 3]],
  ["causal", 3, 3, 0, [0, 1]],
  ["causal", 3, 10, 0, [0, 8]],
  ["causal", 5, 2, 0, [0, 0]],
  ["window 2", 3, 3, 2, [1, 3]],
  ["window 2", 3, 3, 0, [0, 1]],
])("%s, %i queries and %i keys: query %i sees %j", (mask, queries, keys, query, range) => {
  expect(maskRange({ mask, queries, keys })!(query)).toEqual(range);
  expect(keyCount({ mask, queries, keys }, query)).toBe(range[1]! - range[0]!);
});

it("another mask does not say", () => {
  expect(keyCount({ mask: "other", queries: 3, keys: 3 }, 2)).toBeNull();
});
