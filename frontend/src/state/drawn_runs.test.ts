import { beforeEach, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import { applyPairs } from "../page/url";
import * as state from ".";

const probes = listing(2)["r"]!;

beforeEach(() => {
  applyPairs([]);
  state.otherSeries.value = new Map();
  state.isOneRun.value = false;
  state.setIndex({ a: probes, b: probes, c: probes, d: probes });
  state.selectRun("a");
});

it.each([
  ["all that are ticked in Evolution", () => state.toggleRun("d"), "a b c"],
  ["one where each head has one colour", () => (state.isOneRun.value = true), "a"],
  ["one in Model", () => state.setView("model"), "a"],
  [
    "A and B, and the columns, in Compare",
    () => {
      state.toggleRun("d");
      state.toggleCompare();
      state.compareWith("run", "b");
    },
    "a b c",
  ],
  ["one where its steps are compared", () => state.toggleCompare(), "a"],
])("draws %s", (_, arrange, names) => {
  state.setView("evolution");
  arrange();
  expect([...state.drawnRuns.value].sort().join(" ")).toBe(names);
});
