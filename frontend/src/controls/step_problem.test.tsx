// @vitest-environment happy-dom
import { render } from "preact";
import { beforeEach, describe, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import * as state from "../state";
import { applyPairs } from "../page/url";
import { sentence } from "../text/sentence";
import { neighbour, StepProblem, wholeText } from "./step_problem";

const damage = new state.ApiError(422, "damaged", "cannot be read", {
  path: "skewed/plugins/attn/doctor%2Fshe/000000000020.safetensors",
  reason: "the file is cut short",
});

function draw(error: state.ApiError): HTMLElement {
  const root = document.createElement("div");
  render(<StepProblem error={error} retry={() => undefined} />, root);
  return root;
}

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
  state.setIndex(listing(5, "doctor/she"));
  state.selectStep(20);
  state.series.value = { status: "ready", value: { damaged: [10, 20] } as never };
});

describe("the panel of a damaged step", () => {
  it("says what is wrong, what is whole, how to repair it, and which file it is", () => {
    const text = draw(damage).textContent;
    expect(text).toContain("Step 20 cannot be read");
    expect(text).toContain("The file is cut short.");
    expect(text).toContain("Of the other 4 steps of doctor/she, 3 are whole.");
    expect(text).toContain("log step 20 again");
    expect(text).toContain("skewed/plugins/attn/doctor%2Fshe/000000000020.safetensors");
  });

  it("leads to the nearest readable steps", () => {
    const root = draw(damage);
    const [earlier, later] = root.querySelectorAll<HTMLButtonElement>("li button");
    expect(root.querySelector("ul")!.textContent).toBe(
      "Step 02 logged steps earlierStep 30one logged step later",
    );
    later!.click();
    expect(state.step.value).toBe(30);
    earlier!.click();
    expect(state.step.value).toBe(0);
  });

  it("asks to upgrade for a newer format, and does not speak of repair", () => {
    const text = draw(new state.ApiError(422, "newer_format", "format 9")).textContent;
    expect(text).toContain("Upgrade tensorboard-plugin-attn");
    expect(text).not.toContain("repair");
  });

  it("does not speak of damage while a store does not answer", () => {
    const busy = new state.ApiError(503, "busy", "the log directory cannot be read now");
    const root = draw(busy);
    expect(root.textContent).toContain("Step 20 cannot be read now");
    expect(root.querySelector("svg")).toBeNull();
    expect(root.querySelector(".button")!.textContent).toBe("Try again");
  });

  it("offers another try when the server cannot be reached", () => {
    const root = draw(new state.ApiError(0, "unreachable", "TensorBoard does not answer."));
    expect(root.textContent).toContain("Step 20 cannot be loaded");
    expect(root.querySelector(".button")!.textContent).toBe("Try again");
    expect(root.textContent).not.toContain("repair");
  });
});

describe("the words", () => {
  it.each([
    [24, 0, "The other 24 steps of p are whole."],
    [1, 0, "The other step of p is whole."],
    [0, 0, "It is the only step of p."],
    [3, 3, "None of the other steps of p can be read."],
    [3, 2, "Of the other 3 steps of p, 1 is whole."],
  ])("for %i other steps with %i damaged", (others, damaged, text) => {
    expect(wholeText(others, damaged, "p")).toBe(text);
  });

  it("make a sentence of a reason", () => {
    expect([sentence("cut short"), sentence("Why?")]).toEqual(["Cut short.", "Why?"]);
  });

  it("find no neighbour at the ends", () => {
    expect(neighbour([0, 10], 0, new Set(), -1)).toBeNull();
    expect(neighbour([0, 10], 0, new Set([10]), 1)).toBeNull();
  });
});
