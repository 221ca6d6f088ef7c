import { expect, test } from "vitest";

import { toCsv } from "./csv";

test("a CSV quotes what would end a field, and leaves out what is no number", () => {
  const rows = [
    ["a,b", 'say "x"', 0.1 + 0.2],
    [" the", "two\nlines", NaN],
    ["plain", null, 1e-7],
  ] as const;
  expect(toCsv({ columns: ["token", "text", "weight"], rows }).join("")).toBe(
    'token,text,weight\r\n"a,b","say ""x""",0.3\r\n" the","two\nlines",\r\nplain,,1e-7\r\n',
  );
});

test("a CSV of many rows comes in parts that make one text", () => {
  const rows = Array.from({ length: 25_000 }, (_, row) => [row]);
  const parts = toCsv({ columns: ["row"], rows });
  expect(parts).toHaveLength(4);
  expect(parts.join("").split("\r\n")).toHaveLength(25_002);
});
