import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import { fakeClock, type FakeClock } from "../../tests/fake_clock";
import { startPlayer, STEP_INTERVAL } from "./player";
import * as state from "../state";
import { applyPairs } from "./url";

let clock: FakeClock;
let stop: () => void;

const loaded = (): void => {
  state.record.value = { status: "ready", value: {} as never };
  state.thumbnails.value = { status: "idle" };
  state.weights.value = { status: "idle" };
  state.vectors.value = { status: "idle" };
};

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
  state.hidden.value = false;
  state.playing.value = false;
  clock = fakeClock();
  stop = startPlayer(clock);
  state.setIndex(listing(4));
  loaded();
});

afterEach(() => stop());

describe("playing", () => {
  it("starts over from the end, takes one step after the other, and stops at the last", () => {
    state.togglePlay();
    const seen = [state.step.value];
    for (let i = 0; i < 6; i++) {
      loaded();
      clock.advance(STEP_INTERVAL);
      seen.push(state.step.value);
    }
    expect(seen).toEqual([0, 10, 20, 30, 30, 30, 30]);
    expect(state.playing.value).toBe(false);
  });

  it("waits for a step that is still loading", () => {
    state.togglePlay();
    clock.advance(20 * STEP_INTERVAL);
    expect(state.step.value).toBe(0);
    loaded();
    clock.advance(STEP_INTERVAL);
    expect(state.step.value).toBe(10);
  });

  it("rests while the tab is hidden, and goes on from there", () => {
    state.selectStep(10);
    loaded();
    state.togglePlay();
    state.hidden.value = true;
    clock.advance(20 * STEP_INTERVAL);
    expect(state.step.value).toBe(10);
    state.hidden.value = false;
    clock.advance(STEP_INTERVAL);
    expect(state.step.value).toBe(20);
  });

  it("is stopped by the same button", () => {
    state.selectStep(0);
    loaded();
    state.togglePlay();
    state.togglePlay();
    clock.advance(5 * STEP_INTERVAL);
    expect(state.step.value).toBe(0);
  });
});
