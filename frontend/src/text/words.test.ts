import { describe, expect, test } from "vitest";
import { displayTokens } from "./tokens";
import { joinPieces, wordStarts } from "./words";

function merged(tokens: string[], words?: (number | null)[], special: number[] = []): string[] {
  const starts = [...wordStarts(tokens, words, new Set(special))];
  const joined = starts.map((start, i) => joinPieces(tokens.slice(start, starts[i + 1])));
  return displayTokens(joined);
}

const cases: [string, string[], string[]][] = [
  ["WordPiece", ["un", "##believ", "##able", "!"], ["unbelievable", "!"]],
  ["byte-level BPE", ["The", "Ġnur", "se", ",", "Ġcaf", "Ã©"], ["The", "nurse", ",", "café"]],
  ["SentencePiece", ["▁The", "▁nur", "se", ".", "▁ok"], ["The", "nurse", ".", "ok"]],
  ["byte fallback", ["▁cost", "<0xE2>", "<0x82>", "<0xAC>", "▁five"], ["cost", "€", "five"]],
  ["BPE with word ends", ["nur", "se</w>", "she</w>"], ["nurse", "she"]],
  ["no marks at all", ["a", "b"], ["a", "b"]],
];

describe("words", () => {
  test.each(cases)("of %s are put together by its marks", (_, tokens, words) => {
    expect(merged(tokens)).toEqual(words);
  });

  test("go by the record's own word numbers where it has them", () => {
    expect(merged(["[CLS]", "a", "b", "c"], [null, 0, 0, 1])).toEqual(["[CLS]", "ab", "c"]);
    expect(merged(["x", "y"], [null, null])).toEqual(["x", "y"]);
  });

  test("never take in a special token", () => {
    expect(merged(["Ġa", "<s>", "b"], undefined, [1])).toEqual(["a", "<s>", "b"]);
  });
});
