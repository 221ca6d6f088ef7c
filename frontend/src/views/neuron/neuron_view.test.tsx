// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { headVectors, headWeights, layerHeader } from "../../../tests/head_of";
import {
  frameWidth,
  hoverDimension,
  hoverQuery,
  layer,
  record,
  type RecordHeader,
  step,
  vectors,
  weights,
} from "../../state";
import { applyPairs } from "../../page/url";
import { NeuronView } from "./neuron_view";

const tokens = ["[CLS]", "nurse", "she"];

/** Layer 0 is causal and has query and key of 3 heads that share one key head; layer 1 has weights alone. */
function header(): RecordHeader {
  const first = layerHeader(3, 3, { mask: "causal", heads: 3, kv_heads: 1, scale: 0.5 });
  return {
    ...{
      format: 1,
      tag: "she",
      step: 8,
      wall_time: 0,
      metrics: [],
      precision: "float32",
      probe: "",
    },
    ...{ tokens: { tokens }, special: { tokens: [0] }, sentence_b_start: 2, faults: [] },
    ...{ kind: "weights", left_out: [], layers: [first, { ...first, vectors: false }] },
  };
}

const made = headVectors(
  [
    [0, 0],
    [0, 0],
    [2, -1],
  ],
  [
    [1, 0],
    [2, 1],
    [0, 2],
  ],
  { scale: 0.5 },
);
/** softmax of 1, 1.5 and −1, the last query's scores. */
const last = [0.35919, 0.5922, 0.04861];
const rows = (third: number[]): number[][] => [[1, 0, 0], [0.5, 0.5, 0], third];

const page = (): HTMLElement => document.body;
const text = (selector: string): string => page().querySelector(selector)?.textContent ?? "";
const list = (name: string): HTMLElement =>
  page().querySelector<HTMLElement>(`[aria-label="${name}"]`)!;
const named = (name: string): HTMLButtonElement =>
  [...page().querySelectorAll("button")].find((each) => each.textContent === name)!;
const cells = (selector: string): string[] =>
  [...page().querySelectorAll(`${selector} [role="cell"]`)].map((cell) => cell.textContent);

function press(element: HTMLElement, key: string): void {
  act(() => {
    element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  });
}

beforeEach(() => {
  // happy-dom lays nothing out; a scroll window of this size keeps all rows.
  for (const [name, size] of [
    ["clientHeight", 400],
    ["clientWidth", 992],
  ] as const)
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
  applyPairs([["view", "neuron"]]);
  frameWidth.value = 1280;
  record.value = { status: "ready", value: header() };
  weights.value = { status: "ready", value: headWeights(rows(last)) };
  vectors.value = { status: "ready", value: made };
  step.value = 8;
  act(() => {
    render(<NeuronView />, document.body);
  });
});

afterEach(() => {
  render(null, document.body);
  hoverQuery.value = null;
  hoverDimension.value = null;
  layer.value = 0;
});

describe("the neuron view", () => {
  test("says which weight is taken apart, and who shares the key head", () => {
    expect(text(".neuron-title h2")).toBe("How the weight she → nurse, .59, is made up");
    expect(text(".neuron-title p")).toContain("layer 0 · head 0");
    expect(text(".neuron-title p")).toContain("key head 0, shared with heads 1 and 2");
  });

  test("writes the logged weight of the chosen query on each key", () => {
    expect(cells('[aria-label="Weights"]')).toEqual([".36", ".59", ".05"]);
    expect(text(".neuron-captions")).toContain("softmax(q · k × .5)");
    expect(text(".neuron-captions")).toContain("she · nurse +3.0");
    expect(text(".neuron-expanded .neuron-note")).toBe("");
  });

  test("is worked out anew for the pointed query, without keys after it", () => {
    act(() => {
      hoverQuery.value = 1;
    });
    expect(text(".neuron-title h2")).toContain("nurse → [CLS], .50");
    expect(cells('[aria-label="Weights"]')).toEqual([".50", ".50"]);
    const unseen = [...page().querySelectorAll(".token.is-unseen")];
    expect(unseen.map((each) => each.querySelector("bdi")!.textContent)).toEqual(["she"]);
  });

  test("arrow keys walk through the dimensions, Enter keeps one, Escape frees it", () => {
    const slider = list("Dimension");
    press(slider, "ArrowRight");
    expect(slider.getAttribute("aria-valuetext")).toBe("dimension 0, q × k +4.0");
    expect(text(".neuron-captions")).toContain("q +2.0 × k +2.0");
    expect(text(".neuron-captions")).toContain("+4.0 of she · nurse +3.0");
    press(slider, "ArrowRight");
    expect(slider.getAttribute("aria-valuetext")).toBe("dimension 1, q × k −1.0");
    press(slider, "Enter");
    act(() => {
      hoverDimension.value = null;
    });
    expect(text(".neuron-captions")).toContain("dimension 1 (pinned)");
    press(slider, "Escape");
    expect(text(".neuron-captions")).toContain("point at a dimension");
  });

  test("says so where the logged weight is not what query and key give", () => {
    act(() => {
      weights.value = { status: "ready", value: headWeights(rows([0.1, 0.1, 0.8])) };
    });
    expect(text(".neuron-expanded .neuron-note")).toContain(
      "she → she would be .049 instead of .800",
    );
  });

  test("has its numbers as a table, in the plot's place", () => {
    act(() => {
      named("Numbers as a table").click();
    });
    const found = [...page().querySelectorAll(".numbers-table [role=row]:not(.is-head)")].map(
      (row) => [...row.children].map((cell) => cell.textContent),
    );
    expect(found).toEqual([
      ["[CLS]", "+2.0", "+1.0", ".359", ".359"],
      ["nurse", "+3.0", "+1.5", ".592", ".592"],
      ["she", "−2.0", "−1.0", ".049", ".049"],
    ]);
    act(() => {
      named("Plot by distance").click();
    });
    expect(text(".neuron-plot h2")).toContain("Mean q × k by distance");
  });

  test("filters a sentence pair, and says how much weight that hides", () => {
    act(() => {
      named("B→A").click();
    });
    expect(cells('[aria-label="Weights"]')).toEqual([".36", ".59"]);
    expect(text(".neuron-expanded .neuron-note")).toContain("hidden by the filter: .05");
    act(() => {
      named("All").click();
    });
  });

  test("without query and key says how to log them", () => {
    act(() => {
      layer.value = 1;
    });
    expect(text("h1")).toBe("No query and key for layer 1 at step 8");
    expect(text("code")).toContain("query_key=True");
    expect(text(".hint")).toContain("layer 0 has them");
  });

  test("over a folded pane has its own layer, head and columns", () => {
    act(() => {
      frameWidth.value = 900;
    });
    for (const name of ["Layer", "Head"])
      expect(page().querySelector(`select[aria-label="${name}"]`)).not.toBeNull();
    act(() => {
      named("Collapsed").click();
    });
    expect(text(".neuron-title h2")).toBe("What each token attends to");
    expect(page().querySelector('canvas[aria-label^="Attention lines"]')).not.toBeNull();
    act(() => {
      named("Expanded").click();
    });
  });

  test("keeps the former head on screen while the next one loads", () => {
    act(() => {
      vectors.value = { status: "loading", previous: made };
    });
    expect(text(".neuron-title h2")).toContain("she → nurse");
    expect(text(".neuron-loading")).toBe("loading …");
  });
});
