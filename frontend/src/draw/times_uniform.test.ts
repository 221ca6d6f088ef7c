import { expect, test } from "vitest";

import { weightOfCode } from "../decoding/region";
import { sequentialTable } from "./colour";
import { placeOfLog, scaleTable, timesUniformTable } from "./times_uniform";

test.each([1024, 32768])(
  "of %d keys uniform has no colour, and one key with all has the last",
  (keys) => {
    const [table, colours] = [timesUniformTable("light", keys), sequentialTable("light")];
    expect(table[0]).toBe(colours[0]);
    expect(table[255]).toBe(colours[255]);
    for (let code = 1; code < 256; code++)
      if (weightOfCode(code) * keys <= 1) expect(table[code]).toBe(colours[0]);
    expect(placeOfLog(-0.5 * Math.log2(keys), keys)).toBeCloseTo(0.5);
  },
);
test("the same weight has the same colour in every head and row", () => {
  expect(timesUniformTable("dark", 4096)).toEqual(timesUniformTable("dark", 4096));
});

test("colours codes of 1,024 keys from uniform on, and one key that has all as the last", () => {
  const table = scaleTable("light", "uniform", 1024);
  expect(new Set(table.subarray(0, 8)).size).toBe(1); // (7 / 255)² is below 1 / 1,024
  expect(table[16]).not.toBe(table[0]);
  expect(table[255]).toBe(scaleTable("light", "root", 1024)[255]);
  expect(scaleTable("light", "uniform", 1024)).toBe(table);
});
