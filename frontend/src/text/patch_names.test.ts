import { describe, expect, it } from "vitest";

import type { RecordHeader } from "../decoding/answers";
import { regionName } from "./patch_names";

const tokens = Array.from({ length: 13 }, (_, at) => (at === 0 ? "[CLS]" : `r${at}`));
const geometry = {
  tokens: [{ kind: "image", start: 1, length: 12, rows: 3, cols: 4 }],
  sound: [{ kind: "sound", start: 0, length: 50, seconds: 0.02 }],
};
const frames = Array.from({ length: 50 }, (_, at) => `f${at}`);
const header = { tokens: { tokens, sound: frames }, geometry } as unknown as RecordHeader;

const cases: [string, number[], string | null][] = [
  ["tokens", [2, 3, 4, 6, 7, 8], "rows 0–1, columns 1–3"],
  ["tokens", [5, 6], "rows 1, columns 0–1"],
  ["tokens", [2, 3, 7], null],
  ["tokens", [0, 1, 2], null],
  ["tokens", [2], null],
  ["tokens", [...tokens.keys()], "anywhere"],
  ["sound", [10, 11, 12, 13, 14], "0.20–0.30 s"],
  ["sound", [10, 12], null],
  ["words", [0, 1], null],
];

describe("the name of a region", () => {
  it.each(cases)("of %s %j", (list, positions, name) => {
    expect(regionName(header, list, positions)).toBe(name);
  });
});
