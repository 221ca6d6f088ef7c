import { expect, it } from "vitest";

import { layerShares, sharesEnd } from "./layer_shares";

const ROLES = ["previous-token", "induction", "same-token"];
const LAYERS = [
  ["previous-token", "unclassified", "induction", "previous-token"],
  ["unclassified", "unclassified", "unclassified", "same-token"],
  ["unclassified", "unclassified"],
];
const sharesOf = (roles: readonly string[]) =>
  layerShares(roles.length, ROLES, (head) => roles[head]!);

it("counts each role of a layer, in one order, without those that it has not", () => {
  expect(LAYERS.map(sharesOf)).toEqual([
    [
      { role: "previous-token", heads: 2, share: 0.5 },
      { role: "induction", heads: 1, share: 0.25 },
    ],
    [{ role: "same-token", heads: 1, share: 0.25 }],
    [],
  ]);
});

it("ends the bars at a round share, no less than the largest", () => {
  expect(sharesEnd(LAYERS.map(sharesOf))).toBeGreaterThanOrEqual(0.75);
  expect(sharesEnd(LAYERS.map(sharesOf))).toBeLessThanOrEqual(1);
  expect(sharesEnd([[]])).toBeGreaterThan(0);
});
