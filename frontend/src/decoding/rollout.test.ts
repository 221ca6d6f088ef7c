import { expect, it } from "vitest";

import { rolloutLine } from "./rollout";

const found = {
  stack: "",
  layers: [0, 1],
  length: 2,
  weights: Float32Array.of(0.75, 0.25, 0.5, 0.5),
};

it.each([
  ["query", 0, [0.75, 0.25]],
  ["query", 1, [0.5, 0.5]],
  ["key", 0, [0.75, 0.5]],
  ["key", 1, [0.25, 0.5]],
] as const)("gives what belongs to a %s at %i", (side, at, expected) => {
  expect([...rolloutLine(found, side, at)]).toEqual(expected);
});
