// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import { applyPairs } from "../page/url";
import * as state from "../state";
import { StepBar } from "./step_bar";

beforeEach(() => applyPairs([]));

it("a step of nine digits has the room of all of them, at every step of the run", () => {
  const { p } = listing(2)["r"]!;
  state.setIndex({ r: { p: { ...p!, steps: [1, 123_456_789] } } });
  state.selectStep(1);
  const root = document.createElement("div");
  act(() => render(<StepBar />, root));
  const number = root.querySelector<HTMLElement>(".step-number")!;
  expect(number.textContent).toBe("Step 1");
  expect(Number.parseInt(number.style.minWidth)).toBeGreaterThanOrEqual(
    "Step 123456789".length - 1,
  );
});

it("two compared runs have their letters beside their names", () => {
  const [probes] = Object.values(listing(2));
  state.setIndex({ control: probes!, skewed: probes! });
  act(() => {
    state.selectRun("skewed");
    state.toggleCompare();
    state.compareWith("run", "control");
  });
  const root = document.createElement("div");
  act(() => render(<StepBar />, root));
  const told = root.querySelector(".compared-runs")!;
  expect(told.textContent).toBe("Acontrol→Bskewed");
  expect([...told.querySelectorAll(".is-letter")].map(({ textContent }) => textContent)).toEqual([
    "A",
    "B",
  ]);
  expect(root.querySelector(".place .run-dot")!.textContent).toBe("B");
});
