import { describe, expect, test } from "vitest";
import { type RecordHeader, tokenRange } from "../../state";
import { groupsIn, singleTokens, type TokenGroups } from "../../parts/token_lines/token_groups";
import { chooseRegion, nextRange, regionPattern, rowsInRange } from "./token_range";
import type { MatrixSource } from "./use_matrix";

function source(query: TokenGroups, key: TokenGroups, hidden: number[] = []): MatrixSource {
  const rows = (groups: TokenGroups) =>
    Array.from({ length: groups.count }, (_, token) => ({ token })).filter(
      ({ token }) => !hidden.includes(token),
    );
  const layer = { query_tokens: "tokens", key_tokens: query === key ? "tokens" : "decoder_tokens" };
  return {
    record: { layers: [layer] } as unknown as RecordHeader,
    weights: { layer: 0, queries: query.count, keys: key.count },
    text: { groups: { query, key } },
    axes: { query: { rows: rows(query) }, key: { rows: rows(key) } },
  } as unknown as MatrixSource;
}

const tokens = singleTokens(20);
const drag = (side: "query" | "key", first: number, last: number, alone = false) => ({
  ...{ side, first, last, alone },
});

describe("a chosen range", () => {
  test("is one of both sides where they are one text", () => {
    const range = nextRange(source(tokens, tokens), null, drag("query", 3, 7));
    expect(range).toEqual({ query: [3, 8], key: [3, 8] });
    const further = nextRange(source(tokens, tokens), range, drag("key", 2, 4));
    expect(further).toEqual({ query: [2, 5], key: [2, 5] });
  });

  test("of one side alone leaves the other as it is", () => {
    const both = { query: [3, 8], key: [3, 8] } as const;
    const range = nextRange(source(tokens, tokens), both, drag("key", 10, 11, true));
    expect(range).toEqual({ query: [3, 8], key: [10, 12] });
    expect(nextRange(source(tokens, tokens), range, drag("query", 0, 1))).toEqual({
      query: [0, 2],
      key: [10, 12],
    });
  });

  test("of one of two texts leaves the other whole", () => {
    const two = source(tokens, singleTokens(9));
    expect(nextRange(two, null, drag("query", 3, 7))).toEqual({ query: [3, 8], key: [0, 9] });
  });

  test("of words has all their tokens, and hidden tokens do not count as rows", () => {
    const words = groupsIn(Int32Array.of(0, 1, 4, 9), 20, [0, 20]);
    expect(nextRange(source(words, words), null, drag("query", 1, 2)).query).toEqual([1, 9]);
    const range = nextRange(source(tokens, tokens, [0]), null, drag("query", 0, 1));
    expect(range.query).toEqual([1, 3]);
  });

  test("is found again along the axis", () => {
    const range = { query: [3, 8], key: [10, 12] } as const;
    expect(rowsInRange(source(tokens, tokens), range, "query")).toEqual([3, 8]);
    expect(rowsInRange(source(tokens, tokens, [0, 1]), range, "key")).toEqual([8, 10]);
    expect(rowsInRange(source(tokens, tokens), null, "key")).toBeNull();
  });

  test("is drawn between any two corners", () => {
    chooseRegion(source(tokens, tokens), { row: 7, column: 2 }, { row: 3, column: 11 });
    expect(tokenRange.value).toEqual({ query: [3, 8], key: [2, 12] });
  });

  test("is a pattern of all its queries and keys, in layers of these axes where there are others", () => {
    const range = { query: [3, 6], key: [10, 12] } as const;
    const one = source(tokens, tokens);
    expect(regionPattern(one, range)).toEqual({ query: [3, 4, 5], key: [10, 11], axes: null });
    one.record.layers.push(source(tokens, singleTokens(9)).record.layers[0]!);
    expect(regionPattern(one, range).axes).toEqual(["tokens", "tokens"]);
  });

  test("names no token that this probe has not", () => {
    const range = { query: [10, 1e9], key: [400, 500] } as const;
    const { query, key } = regionPattern(source(singleTokens(12), singleTokens(12)), range);
    expect([query, key]).toEqual([[10, 11], []]);
  });
});
