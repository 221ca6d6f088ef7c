import { beforeEach, expect, it } from "vitest";

import * as state from ".";
import type { RecordHeader } from ".";

function show(tokens: number): void {
  const layers = [{ heads: 1, queries: tokens, keys: tokens }];
  state.tag.value = "p";
  state.record.value = { status: "ready", value: { tag: "p", layers } as unknown as RecordHeader };
}

beforeEach(() => {
  state.headMode.value = null;
  state.threshold.value = null;
  state.tokenRange.value = null;
  state.layer.value = 0;
});

const texts = [
  { tokens: 14, mode: "lines", isAlone: false, least: 0.02 },
  { tokens: 60, mode: "lines", isAlone: false, least: 0.0083 },
  { tokens: 61, mode: "matrix", isAlone: false, least: 0.0082 },
  { tokens: 200, mode: "matrix", isAlone: false, least: 0.0025 },
  { tokens: 512, mode: "matrix", isAlone: true, least: 0.00098 },
];

it.each(texts)("a text of $tokens tokens opens as $mode", ({ tokens, mode, isAlone, least }) => {
  show(tokens);
  expect([state.shownMode.value, state.isPinnedAlone.value]).toEqual([mode, isAlone]);
  expect(state.shownThreshold.value).toBe(least);
  expect(1 / tokens).toBeGreaterThan(least);
});

it("what is chosen holds at any length, and a short range of a long text is short", () => {
  show(512);
  state.headMode.value = "lines";
  state.threshold.value = 0.05;
  expect([state.shownMode.value, state.shownThreshold.value]).toEqual(["lines", 0.05]);
  state.headMode.value = null;
  state.tokenRange.value = { query: [0, 10], key: [0, 10] };
  expect([state.shownMode.value, state.isPinnedAlone.value]).toEqual(["lines", false]);
});
