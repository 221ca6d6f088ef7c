import { beforeEach, expect, it } from "vitest";

import * as state from "../state";
import { listing } from "../../tests/fake_api";
import { applyPairs, type Pairs } from "../page/url";
import { exportName } from "./export_name";

const scenes: Pairs[] = [
  [["view", "evolution"]],
  [["view", "model"]],
  [
    ["view", "model"],
    ["compare", "first"],
  ],
  [
    ["view", "model"],
    ["compare", "10"],
  ],
  [
    ["view", "model"],
    ["compare", "first"],
    ["head", "1"],
  ],
  [["view", "head"]],
  [
    ["view", "head"],
    ["layer", "1"],
  ],
  [
    ["view", "head"],
    ["heads", "1"],
  ],
  [
    ["view", "head"],
    ["heads", "0.1"],
  ],
  [
    ["view", "head"],
    ["summary", "mean"],
  ],
  [
    ["view", "head"],
    ["query", "3"],
  ],
  [
    ["view", "head"],
    ["key", "3"],
  ],
  [
    ["view", "head"],
    ["layout", "horizontal"],
  ],
  [
    ["view", "head"],
    ["mode", "matrix"],
  ],
  [
    ["view", "head"],
    ["mode", "matrix"],
    ["head", "1"],
  ],
  [
    ["view", "head"],
    ["mode", "matrix"],
    ["layer", "1"],
  ],
  [
    ["view", "head"],
    ["mode", "matrix"],
    ["summary", "mean"],
  ],
  [
    ["view", "head"],
    ["range", "0-3.0-3"],
  ],
  [["view", "neuron"]],
  [
    ["view", "neuron"],
    ["head", "1"],
  ],
];

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
});

it("every picture has a name of its own", () => {
  const names = scenes.map((pairs) => {
    applyPairs(pairs);
    state.setIndex(listing(4));
    return exportName();
  });
  expect(new Set(names).size).toBe(scenes.length);
  expect(names[5]).toBe("r_p_head-L0_30");
});
