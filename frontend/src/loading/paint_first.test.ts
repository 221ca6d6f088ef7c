import { afterEach, expect, it, vi } from "vitest";

import { fakeApi, listing } from "../../tests/fake_api";
import { applyPairs } from "../page/url";
import * as state from "../state";
import { startLoader, STEP_BYTES } from "./loader";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a single step is drawn before its neighbours are asked for; steps that follow faster do not wait", async () => {
  applyPairs([["view", "model"]]);
  const api = fakeApi();
  api.listing = listing(30);
  api.size = STEP_BYTES / 9; // two steps around each
  const records = (): number => api.asked.filter(({ what }) => what.startsWith("record")).length;
  const loader = startLoader(api);
  await api.settle();
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (draw: FrameRequestCallback) => frames.push(draw));
  state.stepBy(-1);
  await api.settle();
  const before = records();
  expect(frames).toHaveLength(1);
  frames[0]!(0);
  await api.settle();
  expect(records()).toBeGreaterThan(before);
  for (let i = 0; i < 3; i++) {
    state.stepBy(-1);
    await api.settle();
  }
  expect(frames).toHaveLength(2);
  expect(records()).toBeGreaterThan(before + 2);
  loader.stop();
});
