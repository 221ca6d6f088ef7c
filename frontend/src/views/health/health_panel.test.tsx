// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, it } from "vitest";

import { changedHeads } from "../../../tests/changed_heads";
import { listing } from "../../../tests/fake_api";
import * as state from "../../state";
import { HealthPanel } from "./health_panel";

const hints = ["nan", "max_score"].map((kind) => ({
  ...{ kind, step: 10, last_step: 10, layer: 0, heads: [1], value: null },
  ...{ message: `what ${kind} means`, severity: kind === "nan" ? "error" : "hint" },
}));
const limits = { max_score: 50, growth: 3, trailing: 8, drop: 3, least_deviation: 0.02 };

beforeEach(() => {
  state.setIndex(listing(4));
  const series = changedHeads();
  Object.assign(series.evolution!, { health: { hints, limits } });
  state.series.value = { status: "ready", value: series };
});

it("what was looked for stands before the limits where there is no hint, scores where they are logged", () => {
  const series = changedHeads();
  Object.assign(series.evolution!, { health: { hints: [], limits } });
  state.series.value = { status: "ready", value: series };
  const root = document.createElement("div");
  act(() => render(<HealthPanel />, root));
  const parts = [...root.querySelectorAll(".looked-for li, .limit")].map(({ tagName }) => tagName);
  expect(parts.indexOf("DIV")).toBe(6);
  expect(parts.lastIndexOf("LI")).toBe(5);
  expect(root.querySelector(".looked-for")!.textContent).toContain("NaN in the weights");
  expect(root.querySelector(".looked-for")!.textContent).not.toContain("Large score");
  expect(root.textContent).toContain("Weights alone do not tell the scores");
});

it("the limits stay while the hints under a new one are on their way, and where these fail", () => {
  const root = document.createElement("div");
  act(() => render(<HealthPanel />, root));
  const count = root.querySelectorAll(".limit").length;
  const input = root.querySelector<HTMLInputElement>(".limit input")!;
  act(() => {
    input.value = "20";
    input.dispatchEvent(new Event("change"));
  });
  expect(state.hasOwnLimits.value).toBe(true);
  expect(state.health.value).toBeNull();
  expect(root.querySelectorAll(".limit")).toHaveLength(count);
  expect(root.querySelector(".limit input")).toBe(input);
  act(() => void (state.ownLimits.value = {}));
});

it("hints stand before their limits, what cannot be right first, in words that say what they are", () => {
  const root = document.createElement("div");
  act(() => render(<HealthPanel />, root));
  const parts = [...root.querySelectorAll(".hint, .limit")].map(
    (each) => (each as HTMLElement).dataset["kind"] ?? "limit",
  );
  expect(parts).toEqual(["nan", "max_score", ...Object.keys(limits).map(() => "limit")]);
  expect(root.querySelector(".hint")!.textContent).toContain("NaN in the weights");
  expect(root.textContent).not.toContain("counted as");
});
