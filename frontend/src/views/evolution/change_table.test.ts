import { expect, it } from "vitest";

import { edgeNames } from "./change_table";

it.each([
  [0, 96, "step 0", "96"],
  [100, 2000, "100", "2,000"],
  [0, 999_999, "step 0", "999,999"],
  [123_456_789, 920_956_789, "first", "last"],
] as const)(
  "the patterns of steps %i and %i stand under “%s” and “%s”",
  (first, last, ...names) => {
    expect(edgeNames([first, last])).toEqual(names);
  },
);
