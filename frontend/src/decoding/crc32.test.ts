import { expect, it } from "vitest";

import { crc32 } from "./crc32";

it.each([
  ["", 0],
  ["123456789", 0xcbf43926],
  ["IEND", 0xae426082],
])("of %j", (text, expected) => {
  expect(crc32(new TextEncoder().encode(text))).toBe(expected);
});
