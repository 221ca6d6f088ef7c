import { expect, it } from "vitest";
import type { LastingChange } from "../../decoding/marked_heads";
import { binsOf } from "./when_histogram";

const change = (step: number, head: number): LastingChange => {
  return { layer: 0, head, step, metric: 0, before: 0, after: 1, size: 1 };
};
const roleOf = ({ head }: LastingChange): string => (head % 2 === 0 ? "even" : "odd");

it("counts the changes of each step by role, the most frequent first", () => {
  const found = [change(8, 1), change(8, 2), change(8, 4), change(16, 3)];
  expect(binsOf([0, 8, 16], found, roleOf)).toEqual([
    { first: 0, last: 0, heads: 0, parts: [] },
    {
      first: 8,
      last: 8,
      heads: 3,
      parts: [
        { role: "even", heads: 2 },
        { role: "odd", heads: 1 },
      ],
    },
    { first: 16, last: 16, heads: 1, parts: [{ role: "odd", heads: 1 }] },
  ]);
});

it("parts many steps evenly, and loses no change", () => {
  const steps = Array.from({ length: 100 }, (_, at) => at * 10);
  const bins = binsOf(
    steps,
    steps.map((step) => change(step, 0)),
    roleOf,
  );
  expect(bins.length).toBe(24);
  expect(bins.reduce((sum, { heads }) => sum + heads, 0)).toBe(100);
  expect([bins[0]!.first, bins.at(-1)!.last]).toEqual([0, 990]);
});

it.each([1, 13, 16, 23, 24, 25])(
  "every bar of %i steps stands for one of them at least",
  (count) => {
    const steps = Array.from({ length: count }, (_, at) => at * 10);
    const bins = binsOf(steps, [], roleOf);
    expect(bins.every(({ first, last }) => steps.includes(first) && steps.includes(last))).toBe(
      true,
    );
  },
);
