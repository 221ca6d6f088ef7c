import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import { fakeClock } from "../../tests/fake_clock";
import type { Host } from "./host";
import * as state from "../state";
import { applyPairs } from "./url";
import { syncUrl, WRITE_INTERVAL, type UrlSync } from "./url_sync";

function fakeHost(hash: string | null) {
  const listeners: (() => void)[] = [];
  const written: string[] = [];
  const steps: string[] = [];
  const host = {
    readHash: () => hash,
    writeHash(next: string, isStep: boolean) {
      if (isStep) steps.push(next);
      written.push(next);
      hash = next;
    },
    onHash: (call: () => void) => void listeners.push(call),
  } as unknown as Host;
  const change = (next: string): void => {
    hash = next;
    for (const each of listeners) each();
  };
  const changeSilently = (next: string): void => {
    hash = next;
  };
  return { host, written, steps, change, changeSilently };
}

let sync: UrlSync;

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
  state.hidden.value = false;
  state.dragging.value = false;
});

afterEach(() => sync.stop());

function start(hash: string | null) {
  const clock = fakeClock();
  const { host, ...page } = fakeHost(hash);
  sync = syncUrl(host, clock);
  state.setIndex(listing(5));
  return { clock, ...page };
}

describe("the page's hash", () => {
  it("is read at the start and wins over the first listing", () => {
    start("#attn&p.attn.step=20&p.attn.view=head");
    expect([state.step.value, state.view.value]).toEqual([20, "head"]);
  });

  it.each([
    ["run=gone&p.attn.step=20", "Run “gone” is not in this log: r is shown.", 20],
    ["run=r&p.attn.tag=gone", "r has no probe “gone”: p is shown.", 40],
    ["run=r&p.attn.step=14", "Step 14 was not logged: step 10 is shown.", 10],
    ["run=r&p.attn.step=10", null, 10],
    ["layer=1", null, 40],
  ])("of what is not here says so and what is shown: %s", (link, said, step) => {
    start(`#attn&p.attn.${link}`);
    expect([state.missing.value, state.step.value]).toEqual([said, step]);
    state.selectStep(20);
    expect(state.missing.value).toBeNull();
  });

  it("of a run that is listed later leads there, unless one has moved on", () => {
    for (const moves of [false, true]) {
      const { clock } = start("#attn&p.attn.run=later&p.attn.step=20");
      clock.advance(2 * WRITE_INTERVAL);
      expect(state.run.value).not.toBe("later");
      if (moves) state.setView("head");
      state.setIndex({ ...listing(5), later: listing(5)["r"]! });
      expect([state.run.value === "later", state.missing.value]).toEqual([!moves, null]);
      if (!moves) expect(state.step.value).toBe(20);
      sync.stop();
      applyPairs([]);
      state.index.value = null;
    }
  });

  it("is written at most twice a second, the last state at the end", () => {
    const { clock, written } = start("#attn");
    clock.advance(0);
    for (let i = 0; i < 20; i++) {
      state.selectStep(10 * (i % 5));
      clock.advance(50);
    }
    clock.advance(WRITE_INTERVAL);
    expect(written.length).toBeLessThanOrEqual(4);
    expect(written.at(-1)).toContain("p.attn.step=40");
  });

  it("is left alone while the slider is dragged, and written when it is let go", () => {
    const { clock, written } = start("#attn");
    clock.advance(WRITE_INTERVAL);
    const before = written.length;
    state.dragging.value = true;
    state.selectStep(0);
    clock.advance(3 * WRITE_INTERVAL);
    expect(written.length).toBe(before);
    state.dragging.value = false;
    clock.advance(WRITE_INTERVAL);
    expect(written.at(-1)).toContain("p.attn.step=0");
  });

  it.each(["#scalars", "#timeseries&p.attn.step=20", null])(
    "of another tab, or out of reach, is never written: %s",
    (hash) => {
      const { clock, written } = start(hash);
      state.selectStep(0);
      clock.advance(5 * WRITE_INTERVAL);
      sync.flush();
      expect(written).toEqual([]);
    },
  );

  it("changed by somebody is followed, and what it does not name goes back", () => {
    const { change } = start("#attn&p.attn.layer=1");
    change("#attn&p.attn.step=10");
    expect([state.layer.value, state.step.value]).toEqual([0, 10]);
  });

  it("changed by somebody just before a write is due is followed, not written over", () => {
    const { clock, written, changeSilently } = start("#attn");
    clock.advance(WRITE_INTERVAL);
    state.selectStep(20);
    const before = written.length;
    changeSilently("#attn&p.attn.step=10&p.attn.view=head");
    clock.advance(WRITE_INTERVAL);
    expect([state.step.value, state.view.value]).toEqual([10, "head"]);
    clock.advance(2 * WRITE_INTERVAL);
    expect(written.slice(before).filter((hash) => !hash.includes("p.attn.step=10"))).toEqual([]);
  });

  it("names what has a lone surrogate, and further choices are still written", () => {
    const { clock, written } = start("#attn");
    state.runFilter.value = "a\ud800";
    clock.advance(WRITE_INTERVAL);
    for (const step of [10, 20, 30]) {
      state.selectStep(step);
      clock.advance(2 * WRITE_INTERVAL);
      expect(state.step.value).toBe(step);
      expect(written.at(-1)).toContain(`p.attn.step=${step}`);
    }
  });

  it("bare, as TensorBoard's own tab bar leaves it, does not undo the selection", () => {
    const { clock, written, change } = start("#attn&p.attn.step=10");
    clock.advance(WRITE_INTERVAL);
    change("#scalars");
    change("#attn");
    clock.advance(WRITE_INTERVAL);
    expect(state.step.value).toBe(10);
    expect(written.at(-1)).toContain("p.attn.step=10");
  });

  it("is up to date when a link is copied", () => {
    const { clock, written } = start("#attn");
    clock.advance(WRITE_INTERVAL);
    state.selectStep(20);
    sync.flush();
    expect(written.at(-1)).toContain("p.attn.step=20");
  });
});

describe("the browser's history", () => {
  const visits: { name: string; go: () => void; says: string }[] = [
    { name: "a view", go: () => state.setView("head"), says: "view=head" },
    { name: "a head", go: () => state.selectHead(0, 1), says: "head=1" },
    { name: "an opened head", go: () => state.openBeside(1, 0), says: "view=model" },
    { name: "a run", go: () => state.selectRun("s"), says: "run=s" },
    { name: "a probe", go: () => state.selectTag("q"), says: "tag=q" },
    { name: "a comparison", go: () => state.toggleCompare(), says: "compare=first" },
  ];

  function open() {
    const page = start("#attn");
    const two = { ...listing(5)["r"]!, ...listing(5, "q")["r"]! };
    state.setIndex({ r: two, s: two });
    page.clock.advance(2 * WRITE_INTERVAL);
    return page;
  }

  it.each(visits)("has a step for $name, and Back leads to where one was", ({ go, says }) => {
    const { clock, steps, written, change } = open();
    const before = written.at(-1)!;
    go();
    clock.advance(2 * WRITE_INTERVAL);
    expect(steps).toEqual([written.at(-1)]);
    expect(steps[0]).toContain(says);
    change(before);
    clock.advance(2 * WRITE_INTERVAL);
    expect([steps.length, written.at(-1)]).toEqual([1, before]);
  });

  it("has none for the slider, nor for what a record does not have", () => {
    const { clock, steps } = open();
    state.selectStep(10);
    state.threshold.value = 0.05;
    state.moveTo(() => (state.layer.value = 1));
    clock.advance(2 * WRITE_INTERVAL);
    expect(steps).toEqual([]);
  });

  it("keeps the place as it was left, the last step of the slider included", () => {
    const { clock, steps, written } = open();
    state.selectStep(10);
    clock.advance(0);
    state.selectStep(20);
    state.setView("head");
    clock.advance(2 * WRITE_INTERVAL);
    expect(written.at(-2)).toContain("step=20");
    expect(written.at(-2)).not.toContain("view=head");
    expect(steps).toEqual([written.at(-1)]);
  });
});
