import { describe, expect, it } from "vitest";

import type { RecordHeader } from "../state";
import { probeRows, snippet, tokensText } from "./probe_list";

function probe(text: string, special: number[], sentenceB: number | null = null): RecordHeader {
  const tokens = text.split(" ");
  return {
    tokens: { tokens },
    special: { tokens: special },
    sentence_b_start: sentenceB,
  } as unknown as RecordHeader;
}

describe("the snippet of a probe", () => {
  it("is its text without special tokens", () => {
    expect(snippet(probe("[CLS] she was late . [SEP]", [0, 5]))).toBe("she was late .");
  });

  it("is the end of a long one", () => {
    const long = probe("the doctor asked the nurse a question because she was late .", []);
    const shown = snippet(long);
    expect(shown).toBe("… a question because she was late .");
    expect(shown.length).toBeLessThanOrEqual(36);
  });

  it("is the same end however long the text is", () => {
    const words = "the doctor asked the nurse a question because she was late .";
    const long = probe(`${"a b ".repeat(20_000)}${words}`, []);
    expect(snippet(long)).toBe(snippet(probe(words, [])));
  });

  it("of a picture says its patches, and the words beside them", () => {
    const pictured = {
      ...probe("[CLS] p p p p a red mug", [0]),
      geometry: { tokens: [{ kind: "image", start: 1, rows: 2, cols: 2 }] },
    } as unknown as RecordHeader;
    expect(snippet(pictured)).toBe("2 × 2 patches: a red mug");
    const alone = { ...pictured, tokens: { tokens: ["[CLS]", "p", "p", "p", "p"] } };
    expect(snippet(alone)).toBe("2 × 2 patches");
  });

  it("of a sound is what is said", () => {
    const said = {
      ...probe("0s 1s 2s", []),
      special: { tokens: [], decoder_tokens: [0] },
      geometry: { tokens: [{ kind: "sound", start: 0, length: 3, seconds: 0.5 }] },
    } as unknown as RecordHeader;
    said.tokens.decoder_tokens = ["<s>", "seven", "five"];
    expect(snippet(said)).toBe("1.5 s of sound: seven five");
  });

  it("parts two sentences", () => {
    const pair = probe("[CLS] who ? [SEP] she was . [SEP]", [0, 3, 7], 4);
    expect(snippet(pair)).toBe("who ? | she was .");
  });

  it("of one endless token is cut, not through a character", () => {
    const shown = snippet(probe("😀".repeat(500), []));
    expect([...shown].length).toBeLessThanOrEqual(36);
    expect(shown.isWellFormed()).toBe(true);
  });
});

describe("the number of tokens", () => {
  it("counts both sides of an encoder and decoder", () => {
    const both = probe("a b c", []);
    both.tokens.decoder_tokens = ["x", "y"];
    expect([tokensText(probe("a", [])), tokensText(probe("a b", [])), tokensText(both)]).toEqual([
      "1 token",
      "2 tokens",
      "3 + 2 tokens",
    ]);
  });
});

describe("the rows of many probes", () => {
  const names = ["copy/", "needle/", ""].flatMap((group) =>
    Array.from({ length: 8 }, (_, at) => `${group}${at}`),
  );

  it("stand in groups, of which the chosen one's is open", () => {
    const rows = probeRows(names, "needle/3");
    expect(rows.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "group copy/",
      "group needle/",
      ...names.slice(8, 16).map((name) => `probe ${name}`),
      ...names.slice(16).map((name) => `probe ${name}`),
    ]);
  });

  it("of few stand by themselves", () => {
    expect(probeRows(names.slice(0, 16), null).map(({ kind }) => kind)).not.toContain("group");
  });
});
