import { describe, expect, it } from "vitest";

import { formatPattern, isSearched, parsePattern, type FindPattern } from "./find_state";

const patterns: FindPattern[] = [
  { template: "induction" },
  { tracked: "she → nurse" },
  { pair: { query: [9], key: [5], axes: null } },
  { pair: { query: [9, 10], key: [4, 5], axes: ["decoder_tokens", "tokens"] } },
  { pair: { query: [], key: [3], axes: null } },
];

describe("a pattern to find", () => {
  it.each(patterns)("comes back from its text: %j", (pattern) => {
    expect(parsePattern(formatPattern(pattern))).toEqual(pattern);
  });

  it.each(["", "nonsense", "9-5~xy", "-", "a-b"])("%j is none, or one without tokens", (text) => {
    expect(isSearched(parsePattern(text) ?? null)).toBe(false);
  });
});
