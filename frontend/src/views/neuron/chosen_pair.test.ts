import { describe, expect, it } from "vitest";

import { makeAxis } from "../../parts/token_lines/axis";
import { chosenKey, chosenQuery, withoutUnseen } from "./chosen_pair";

const options = { specials: "show" as const, only: null };
const axis = makeAxis(["[CLS]", "a", "b", "[SEP]"], new Set([0, 3]), 2, options);
const onlyA = makeAxis(["[CLS]", "a", "b", "[SEP]"], new Set([0, 3]), 2, { ...options, only: "A" });

describe("the chosen query", () => {
  it.each([
    ["the pointed one", axis, 1, 2, 1],
    ["else the pinned one", axis, null, 1, 1],
    ["else the last that is not special", axis, null, null, 2],
    ["not one that the filter leaves out", onlyA, 2, 3, 1],
  ] as const)("is %s", (_, rows, hovered, pinned, wanted) => {
    expect(chosenQuery(rows, hovered, pinned)).toBe(wanted);
  });

  it("is a special one where there are no others, and none where all are filtered", () => {
    const special = makeAxis(["[CLS]"], new Set([0]), null, options);
    expect(chosenQuery(special, null, null)).toBe(0);
    const none = makeAxis(["a"], new Set(), 1, { ...options, only: "B" });
    expect(chosenQuery(none, null, null)).toBeNull();
  });
});

describe("the chosen key", () => {
  const numbers = {
    seen: Uint8Array.of(1, 1, 1, 0),
    stored: Float32Array.of(0.1, 0.2, 0.7, 0),
  };
  it.each([
    ["the pointed one", axis, 0, 1, 0],
    ["else the pinned one", axis, null, 1, 1],
    ["else the one with most weight", axis, null, null, 2],
    ["not one that the query does not see", axis, 3, 3, 2],
    ["not one that the filter leaves out", onlyA, 2, null, 1],
  ] as const)("is %s", (_, rows, hovered, pinned, wanted) => {
    expect(chosenKey(rows, numbers, hovered, pinned)).toBe(wanted);
  });

  it("is none where the query sees nothing", () => {
    expect(chosenKey(axis, { ...numbers, seen: new Uint8Array(4) }, null, null)).toBeNull();
  });
});

describe("keys that the query does not see", () => {
  it("keep their place and cannot be chosen", () => {
    const key = withoutUnseen({ query: axis, key: axis }, Uint8Array.of(1, 1, 0, 0));
    expect(key.rows.map(({ unseen }) => unseen === true)).toEqual([false, false, true, true]);
    expect(key.rows.map(({ off }) => off)).toEqual([false, false, true, true]);
    expect([...key.rowOf]).toEqual([0, 1, 2, 3]);
  });
});
