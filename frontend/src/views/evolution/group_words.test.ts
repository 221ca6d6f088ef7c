import { describe, expect, it } from "vitest";

import { groupWords } from "./group_words";

describe("the words on groups of runs", () => {
  it.each([
    [[6, 6], 12, `6 runs a group: line = median, band = lowest to highest`],
    [[9], 9, `9 runs: line = median, band = lowest to highest`],
    [[2, 3, 3, 1], 9, `1–3 runs a group: line = median`],
    [[5, 4], 40, `9 of 40 ticked runs, 4–5 runs a group: line = median, band = lowest to highest`],
  ])("of %j of %d ticked", (counts, ticked, words) => {
    expect(groupWords(counts, ticked)).toBe(words);
  });
});
