import { expect, it } from "vitest";

import { spreadLabels } from "./label_places";

it.each([
  ["free ones stay", [10, 50], [10, 50]],
  ["close ones part", [10, 12, 14], [10, 25, 40]],
  ["those at the end move up", [98, 99], [85, 100]],
  ["the order of the lines is kept", [60, 20, 22], [60, 20, 35]],
])("labels do not cover one another: %s", (_, wanted, expected) => {
  expect(spreadLabels(wanted, 15, 100)).toEqual(expected);
});
