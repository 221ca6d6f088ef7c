import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { findChange, markedAt, standsOut } from "./lasting_change";

interface Case {
  name: string;
  values: (number | null)[];
  change: { index: number; before: number; after: number; noise: number } | null;
  marked: boolean;
}

const file = new URL("../../../tests/fixtures/lasting_change.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

describe("the server and the browser mark the same change of", () => {
  it.each(cases)("$name", ({ values, change, marked }) => {
    const numbers = Float32Array.from(values, (value) => value ?? NaN);
    const found = findChange(numbers);
    if (change === null) expect(found).toBeNull();
    else {
      expect(found).toMatchObject({
        index: change.index,
        before: change.before,
        after: change.after,
      });
      expect(found!.noise).toBeCloseTo(change.noise, 6);
    }
    expect(markedAt(numbers)).toBe(marked ? change!.index : -1);
  });
});

it("what is as large as can be told apart in the server's precision counts", () => {
  expect(standsOut(Math.fround(0.15), 0)).toBe(true);
  expect(standsOut(-0.15, 0)).toBe(false);
  expect(standsOut(-0.2, 0.05)).toBe(false);
});
