import { describe, expect, it } from "vitest";

import { templates, type RecordHeader } from "../../state";
import { isPossible, patternMeaning, patternTitle, templateTitle } from "./pattern_names";

const tokens = ["[CLS]", "the", "nurse", "said", "she", "was", "late", "[SEP]"];
const header = { tokens: { tokens } } as unknown as RecordHeader;

const titles: [number[], number[], string][] = [
  [[4], [2], "she → nurse"],
  [[4, 5], [], "she, was → …"],
  [[1, 2, 3, 4], [0, 2, 4, 6], "the … she (1–4) → [CLS], nurse, she and 1 more"],
];

describe("the title of a pattern", () => {
  it.each(titles)("of %j and %j", (query, key, title) => {
    expect(patternTitle({ pair: { query, key, axes: null } }, header)).toBe(title);
  });
});

describe("the sentences of a pair", () => {
  const layers = [{ kind: "self" }, { kind: "cross" }];
  it.each([
    [null, false],
    [4, true],
  ])("with a second sentence from %j can be looked for: %j", (sentence_b_start, possible) => {
    const logged = { tokens: { tokens }, layers, sentence_b_start } as unknown as RecordHeader;
    expect(isPossible("across", logged)).toBe(possible);
  });
});

describe("a probe of patches alone", () => {
  const geometry = { tokens: [{ kind: "image", start: 1, length: 4, rows: 2, cols: 2 }] };
  const patches = {
    tokens: { tokens: ["[CLS]", "r0c0", "r0c1", "r1c0", "r1c1"] },
    layers: [{ kind: "self", query_tokens: "tokens", key_tokens: "tokens" }],
    special_names: { tokens: { 0: "cls" } },
    geometry,
  } as unknown as RecordHeader;
  it.each([
    ["left", true],
    ["row", true],
    ["same", true],
    ["previous", false],
    ["induction", false],
  ] as const)("can be searched for %s: %j", (template, possible) => {
    expect(isPossible(template, patches)).toBe(possible);
  });
});

describe("the “?” beside what is looked for", () => {
  it.each(templates)("says which keys of a query count for %s", (template) => {
    const said = patternMeaning({ template });
    expect(said).toMatch(/^(The|Keys|All) .*\. A head’s score is the mean/);
    expect(said).not.toContain(templateTitle(template));
  });

  it("says of two templates two things", () => {
    const said = new Set(templates.map((template) => patternMeaning({ template })));
    expect(said.size).toBe(templates.length);
  });

  it("tells tracked and picked pairs apart, also before anything is picked", () => {
    expect(patternMeaning({ tracked: "she→nurse" })).toContain("tracked when logging");
    expect(patternMeaning(null)).toContain("Pick tokens");
  });
});
