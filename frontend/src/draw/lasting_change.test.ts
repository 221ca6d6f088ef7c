import { expect, it } from "vitest";
import { lastingChange } from "./lasting_change";

const cases: readonly (readonly [string, readonly number[], number])[] = [
  ["a step up that stays", [0.1, 0.12, 0.1, 0.1, 0.8, 0.82, 0.8, 0.81], 4],
  ["a step down that stays", [0.9, 0.88, 0.9, 0.3, 0.31, 0.3, 0.3], 3],
  ["a flat line", [0.4, 0.4, 0.4, 0.4, 0.4], -1],
  ["a change below .15", [0.1, 0.1, 0.1, 0.2, 0.2, 0.2], -1],
  ["noise as large as the change", [0.1, 0.6, 0.1, 0.7, 0.2, 0.8, 0.3, 0.9], -1],
  ["a gap before the change", [0.1, 0.1, NaN, 0.1, 0.7, 0.7, 0.7], 4],
  ["one value", [0.5], -1],
  ["no value", [], -1],
];

it.each(cases)("%s", (_, values, expected) => {
  expect(lastingChange(Float32Array.from(values))).toBe(expected);
});
