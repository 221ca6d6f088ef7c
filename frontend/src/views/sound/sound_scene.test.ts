import { expect, test } from "vitest";

import type { RecordHeader } from "../../decoding/answers";
import { rowSpokenAt, saidBy, type SoundScene } from "./sound_scene";

const list = { query_tokens: "decoder_tokens" };
const cross = { kind: "cross", mask: "full", ...list };

function header(mask: string, special: number[]): RecordHeader {
  const own = { kind: "self", mask, ...list };
  return { layers: [own, cross], special: { decoder_tokens: special } } as unknown as RecordHeader;
}

const pairs = (mask: string, special: number[]): number[][] =>
  saidBy(header(mask, special), 1, 5).map(({ at, word }) => [at, word]);

test("a decoder that reads what it has said listens to the word that it says next", () => {
  expect(pairs("causal", [0])).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
  expect(pairs("causal", [0, 1, 4])).toEqual([
    [1, 2],
    [2, 3],
  ]);
});

test("other words listen to themselves, and special tokens are said at no time", () => {
  expect(pairs("full", [0, 4])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test("special tokens that are listed are marked, the words keep theirs", () => {
  const said = saidBy(header("full", [0, 4]), 1, 5, true);
  expect(said.map(({ isSpecial }) => isSpecial)).toEqual([true, false, false, false, true]);
  expect(said.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4]);
});

test("the row that is spoken is the one whose stretch holds the frame", () => {
  const scene = { path: [null, [0, 4], [4, 4], [4, 9]] } as unknown as SoundScene;
  expect([0, 3, 4, 8, 9].map((frame) => rowSpokenAt(scene, frame))).toEqual([1, 1, 3, 3, -1]);
});

test("where all is special, all is drawn", () => {
  expect(pairs("full", [0, 1, 2, 3, 4])).toHaveLength(5);
});
