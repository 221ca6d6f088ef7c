import { afterEach, expect, it } from "vitest";

import { changedHeads } from "../../../tests/changed_heads";
import { listing } from "../../../tests/fake_api";
import * as state from "../../state";
import { evolutionMarks, scalarShapes } from "./export_legend";

afterEach(() => {
  state.scalar.value = { status: "idle" };
  state.series.value = { status: "idle" };
});

it("a figure of the heads has the run's name and the loss on the same steps below", () => {
  state.setIndex(listing(4));
  state.series.value = { status: "ready", value: changedHeads() };
  expect(scalarShapes(400)).toEqual([]);
  const curve = { steps: [0, 10, 20, 30], wall_times: [0, 1, 2, 3], values: [2, 1.5, 1, 0.5] };
  state.scalar.value = { status: "ready", value: { run: "r", tag: "train/loss", ...curve } };
  const texts = scalarShapes(400).flatMap((shape) => ("text" in shape ? [shape.text] : []));
  expect(texts.join(" ")).toContain("train/loss");
  expect(evolutionMarks()[0]).toMatchObject({ kind: "line", text: "r" });
});
