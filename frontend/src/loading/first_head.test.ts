import { afterEach, beforeEach, expect, it } from "vitest";

import { changedHeads } from "../../tests/changed_heads";
import { header, listing } from "../../tests/fake_api";
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
