import { expect, it } from "vitest";

import type { RecordHeader } from "../../decoding/answers";
import { regionPatterns } from "./region_find";

const own = { query_tokens: "tokens", key_tokens: "tokens" };
const across = { query_tokens: "words", key_tokens: "tokens" };

function header(...layers: object[]): RecordHeader {
  const tokens = { tokens: ["[CLS]", "a", "b", "c"], words: ["x", "y"] };
  return { tokens, layers } as unknown as RecordHeader;
}

const none = { query: null, key: null };

it("looks at a rectangle from anywhere, and from a pinned query", () => {
  const [all, one] = regionPatterns(header(own), 0, "tokens", [1, 2], { query: 0, key: null });
  expect(all).toEqual({
    text: "look at it from anywhere",
    pattern: { query: [0, 1, 2, 3], key: [1, 2], axes: null },
  });
  expect(one!.pattern).toEqual({ query: [0], key: [1, 2], axes: null });
});

it("looks from a rectangle at what is pinned alone: at all keys there is all weight", () => {
  const texts = (pinned: typeof none | { query: number; key: null }): string[] =>
    regionPatterns(header(own), 0, "tokens", [1, 2], pinned).map(({ text }) => text);
  expect(texts(none)).toEqual(["look at it from anywhere"]);
  expect(texts({ query: 3, key: null })).toContain("look from it at “c”");
});

it("names the lists where the layers have several", () => {
  const [found] = regionPatterns(header(own, across), 1, "tokens", [2], none);
  expect(found!.pattern).toEqual({ query: [0, 1], key: [2], axes: ["words", "tokens"] });
});
