import { describe, expect, it } from "vitest";

import type { FindPattern } from "../text/pattern";
import { formatPattern, isSearched, parsePattern } from "./find_state";

const patterns: FindPattern[] = [
  { template: "induction" },
  { tracked: "she → nurse" },
  { pair: { query: [9], key: [5], axes: null } },
  { pair: { query: [9, 10], key: [4, 5], axes: ["decoder_tokens", "tokens"] } },
  { pair: { query: [], key: [3], axes: null } },
  { pair: { query: [9, 12, 13, 14], key: [0, 1], axes: null } },
];

describe("a pattern to find", () => {
  it.each(patterns)("comes back from its text: %j", (pattern) => {
    expect(parsePattern(formatPattern(pattern))).toEqual(pattern);
  });

  it.each(["", "nonsense", "9-5~xy", "-", "a-b"])("%j is none, or one without tokens", (text) => {
    expect(isSearched(parsePattern(text) ?? null)).toBe(false);
  });

  it("of a region of a long text is short", () => {
    const query = Array.from({ length: 3000 }, (_, at) => 1000 + at);
    expect(formatPattern({ pair: { query, key: query.slice(7), axes: null } })).toBe(
      "1000_3999-1007_3999",
    );
  });
});
