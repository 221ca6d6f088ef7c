import { expect, it } from "vitest";

import { isSameInput, type ProbeHashes } from "./same_input";

const [ids, none, other, around] = ["11111111", "00000000", "22222222", "aaaaaaaa"];

it.each<[string, ProbeHashes, ProbeHashes, boolean]>([
  ["the same tokens", ["a", null], ["a", null], true],
  ["other tokens", ["a", null], ["b", null], false],
  ["one that tells less", ["a", ids + around], ["a", null], true],
  ["other ids", ["a", ids + around], ["a", other + around], false],
  ["ids that one does not tell", ["a", ids + around], ["a", none + around], true],
  ["another picture", ["a", ids + around], ["a", `${ids}bbbbbbbb`], false],
])("compares %s", (_, one, two, same) => {
  expect(isSameInput(one, two)).toBe(same);
  expect(isSameInput(two, one)).toBe(same);
});
