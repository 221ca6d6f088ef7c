// @vitest-environment happy-dom
import { render } from "preact";
import { beforeEach, describe, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import * as state from "../state";
import { applyPairs } from "../page/url";
import { StepSlider, tickPositions } from "./step_slider";
import { shortTime } from "./step_time";

function draw(): HTMLInputElement {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  render(<StepSlider />, root);
  return root.querySelector("input")!;
}

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
  state.setIndex(listing(25));
  for (const each of [state.record, state.thumbnails, state.weights, state.series])
    each.value = { status: "idle" };
});

describe("the step slider", () => {
  it("is named, stands on the latest step and says where that is", () => {
    const slider = draw();
    expect(slider.getAttribute("aria-label")).toBe("Step");
    expect([slider.max, slider.value]).toEqual(["24", "24"]);
    expect(slider.getAttribute("aria-valuetext")).toBe("Step 240, 25 of 25");
  });

  it("moves by logged steps, and is held while the pointer is down", () => {
    const slider = draw();
    slider.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(state.dragging.value).toBe(true);
    slider.value = "3";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    expect(state.step.value).toBe(30);
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    expect(state.dragging.value).toBe(false);
  });

  it("marks a step that cannot be read", () => {
    state.record.value = { status: "error", error: new state.ApiError(422, "damaged", "cut") };
    draw();
    expect(document.querySelector(".damaged-thumb")).not.toBeNull();
  });

  it("has a tick for every step, or for evenly spaced ones where they would touch", () => {
    expect(tickPositions(25)).toEqual(Array.from({ length: 25 }, (_, i) => i));
    expect(tickPositions(500).slice(0, 3)).toEqual([0, 5, 10]);
    for (const count of [0, 1, 121, 500, 7000, 1e6])
      expect(tickPositions(count).length).toBeLessThanOrEqual(120);
  });
});

describe("the wall time", () => {
  const noon = new Date(2026, 4, 3, 12, 0, 0);

  it("is the time of day, with the day when it is another", () => {
    expect(shortTime(noon.getTime() / 1000, noon)).toBe("12:00:00");
    expect(shortTime(noon.getTime() / 1000 - 86400, noon)).toBe("2 May 12:00:00");
    expect(shortTime(NaN, noon)).toBe("");
  });
});
