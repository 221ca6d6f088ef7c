import { expect, test } from "vitest";

import { weightOfCode } from "../decoding/region";
import { sequentialTable } from "./colour";
import { placeOfLog, timesUniformTable } from "./times_uniform";

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
