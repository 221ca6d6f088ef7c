import { describe, expect, test } from "vitest";
import { makeAxis } from "./axis";
import { nextRow } from "./token_column";

const axis = makeAxis(["[CLS]", "a", "[SEP]", "b", "[SEP]"], new Set([0, 2, 4]), null, {
  specials: "mute",
  only: null,
});

const moves: [number, number, number][] = [
  [1, 1, 3],
  [3, -1, 1],
  [1, -1, 1],
  [3, 1, 3],
  [-1, 1, 1],
  [5, -1, 3],
  [1, 10, 1],
];

describe("token_column", () => {
  test.each(moves)(
    "from row %i by %i the arrow goes to row %i, past rows that are off",
    (from, by, to) => {
      expect(nextRow(axis, from, by)).toBe(to);
    },
  );
});
