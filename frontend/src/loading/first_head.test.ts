import { afterEach, beforeEach, expect, it } from "vitest";

import { changedHeads } from "../../tests/changed_heads";
import { header, listing } from "../../tests/fake_api";
import type { Comparison } from "../decoding/comparison";
import { applyPairs } from "../page/url";
import * as state from "../state";
import { startFirstHead } from "./first_head";

let stop = (): void => undefined;

beforeEach(() => {
  applyPairs([["view", "model"]]);
  state.setIndex(listing(4));
  state.record.value = { status: "ready", value: header("p", 30) };
  state.series.value = { status: "ready", value: changedHeads() };
});
afterEach(() => {
  stop();
  state.series.value = { status: "idle" };
});

const shown = (): number[] => [state.layer.value, state.head.value];

it("a model opens with the head that changed most, not with head 0.0", () => {
  stop = startFirstHead();
  expect(shown()).toEqual([1, 0]);
});

it("a head of one's own choice stays, the first one too", () => {
  state.isHeadChosen.value = true;
  stop = startFirstHead();
  expect(shown()).toEqual([0, 0]);
});

it("the Head view opens at that head's layer with the heads that changed on, once", () => {
  state.view.value = "head";
  stop = startFirstHead();
  expect(shown()).toEqual([1, 0]);
  expect([...(state.shownHeads.value ?? [])]).toEqual([0]);
  state.showAllHeads();
  state.selectStep(10);
  expect(state.shownHeads.value).toBeNull();
});

it("at another layer all heads are on, unless one chose some", () => {
  state.view.value = "head";
  stop = startFirstHead();
  state.selectHead(0, 0);
  expect(state.shownHeads.value).toBeNull();
  state.shownHeads.value = new Set([1]);
  state.selectHead(1, 0);
  expect([...state.shownHeads.value]).toEqual([1]);
});

it("heads that a link names stay on", () => {
  state.view.value = "head";
  state.shownHeads.value = new Set([1]);
  stop = startFirstHead();
  expect([...state.shownHeads.value]).toEqual([1]);
});

it("a comparison opens the head that differs most, also after a model opened its own", () => {
  stop = startFirstHead();
  const ranking = [
    [0, 1],
    [1, 0],
  ] as const;
  state.comparison.value = { status: "ready", value: { ranking } as unknown as Comparison };
  state.compare.value = "first";
  expect(shown()).toEqual([0, 1]);
  state.compare.value = null;
  expect(shown()).toEqual([1, 0]);
});
