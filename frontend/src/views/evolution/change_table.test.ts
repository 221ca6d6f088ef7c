import { expect, it } from "vitest";

import { ApiError } from "../../decoding/errors";
import { factsError } from "../../state";
import { edgeNames, noneText } from "./change_table";

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

it("says nothing of changes before they are known, and why they cannot be", () => {
  expect(noneText()).toBe("Looking for what changed …");
  factsError.value = new ApiError(500, "internal", "out of memory", {});
  expect(noneText()).toBe("What changed cannot be worked out: out of memory");
  factsError.value = null;
});
