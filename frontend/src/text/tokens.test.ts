import { describe, expect, test } from "vitest";
import { displayTokens, elide, isolated, visibleText } from "./tokens";

const lists: [string, string[], string[]][] = [
  ["WordPiece", ["[CLS]", "nurse", "##s", "."], ["[CLS]", "nurse", "s", "."]],
  ["byte-level BPE", ["The", "Ġnurse", "Ġcaf", "Ã©", "Ċ"], ["The", "nurse", "caf", "é", "↵"]],
  ["half a character in byte-level BPE", ["Ġ", "âĢ"], ["␣", "‹E2›‹80›"]],
  ["SentencePiece", ["▁The", "▁", "<0x0A>", "<0xE2>"], ["The", "␣", "↵", "‹E2›"]],
  ["BPE with word ends", ["nur", "se</w>"], ["nur", "se"]],
];

const invisible: [string, string][] = [
  ["", "‹empty›"],
  ["\u0007", "␇"],
  ["a\u202eb", "a‹RLO›b"],
  ["\ud83d", "‹D83D›"],
  ["\u200d", "‹ZWJ›"],
  ["\u0085", "‹85›"],
  ["\t", "⇥"],
];

const untouched = ["</script><img src=x onerror=alert(1)>", "שלום", "👩‍⚕️", "看護師", "café"];

describe("tokens", () => {
  test.each(lists)("%s markers are taken off", (_, tokens, shown) => {
    expect(displayTokens(tokens)).toEqual(shown);
  });

  test("accents of a WordPiece vocabulary are not taken for bytes", () => {
    expect(displayTokens(["Ã©t", "é"])).toEqual(["Ã©t", "é"]);
  });

  test.each(invisible)("%j is shown as %s", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test.each(untouched)("%s stays as it is", (text) => {
    expect(visibleText(text)).toBe(text);
  });

  test("what runs from right to left turns nothing beside it", () => {
    expect(isolated("שלום")).toBe("\u2068שלום\u2069");
    expect(isolated("مرحبا")).toBe("\u2068مرحبا\u2069");
    expect(isolated("nurse 看護師")).toBe("nurse 看護師");
  });

  test("a long token is cut by characters, not by halves of them", () => {
    expect(elide("x".repeat(10_000))).toHaveLength(64);
    expect(elide("😀".repeat(5), 3)).toBe("😀😀…");
    expect(elide("short")).toBe("short");
  });
});
