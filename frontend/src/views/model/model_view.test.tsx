// @vitest-environment happy-dom
import { batch } from "@preact/signals";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RecordHeader } from "../../decoding/answers";
import { LayerWeights, MetricSeries } from "../../decoding/decode";
import * as state from "../../state";
import { ModelView } from "./index";
import { layout } from "./scene";
import { filteredPictures, isPair } from "./sentence_part";

const { head, headOpen, layer, record, sentenceFilter, series, sortBy, step } = state;
const { thumbnails, view, weights } = state;

const layers = [3, 2].map((heads) => ({
  name: "encoder.attention",
  kind: "self" as const,
  stack: "",
  heads,
  queries: 2,
  keys: 2,
  weights: true,
  query_tokens: "tokens" as const,
  key_tokens: "tokens" as const,
}));
const header = {
  tokens: { tokens: ["[CLS]", "she"] },
  special: { tokens: [0] },
  sentence_b_start: null,
  layers,
  left_out: [],
  faults: [{ layer: 1, heads: [1], fault: "nan" }],
} as unknown as RecordHeader;
const steps = Float64Array.of(0, 10);
const names = ["entropy", "max_score"];
const values = new Float32Array(2 * 2 * 3 * 2).fill(NaN);

/** Entropy of head h of layer l is .1 h + .3 l, and .2 more at step 10; no head has a max score. */
for (let at = 0; at < 2; at++)
  for (let of = 0; of < 2; of++)
    for (let each = 0; each < 3; each++)
      values[((at * 2 + of) * 3 + each) * 2] = 0.1 * each + 0.3 * of + 0.2 * at;

const root = document.createElement("div");

function rows(selector: string): string[][] {
  return [...root.querySelectorAll(`${selector} tbody tr`)].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
}

async function settle(): Promise<void> {
  await new Promise((done) => setTimeout(done, 40));
}

beforeEach(async () => {
  document.body.append(root);
  const codes = new Uint8Array(5 * 4);
  const sizes = [3, 2].map((heads, at) => ({ heads, height: 2, width: 2, offset: at * 12 }));
  const rowMax = new Float32Array(6).fill(1);
  batch(() => {
    step.value = 10;
    layer.value = 0;
    head.value = 2;
    sortBy.value = "number";
    headOpen.value = true;
    record.value = { status: "ready", value: header };
    thumbnails.value = { status: "ready", value: { layers: sizes, codes } };
    series.value = {
      status: "ready",
      value: new MetricSeries(names, layers, [], steps, steps, values, [2, 2, 3, 2]),
    };
    weights.value = {
      status: "ready",
      value: new LayerWeights(0, 3, 2, 2, "uint8", rowMax, new Uint8Array(12), null),
    };
  });
  render(<ModelView />, root);
  await settle();
});
afterEach(() => {
  render(null, root);
  root.remove();
});

describe("the model view", () => {
  it("names its picture, its heads and the chosen head", () => {
    const label = root.querySelector("canvas[role=img]")!.getAttribute("aria-label");
    expect(label).toBe("Attention heads at step 10");
    expect(root.querySelectorAll("button[aria-label^='Layer ']").length).toBe(5);
    expect(root.querySelector(".side-header h2")!.textContent).toBe("Layer 0 · Head 2");
  });

  it("has the chosen head's metrics with their change, without those that are undefined", () => {
    expect(rows(".metric-table")).toEqual([["entropy", "", ".40", "+.20"]]);
  });

  it("opens the head that is clicked beside the grid, and says what is wrong with it", async () => {
    root.querySelector<HTMLElement>("button[aria-label='Layer 1 head 1']")!.click();
    await settle();
    expect([layer.value, head.value]).toEqual([1, 1]);
    expect(root.querySelector(".side-header h2")!.textContent).toBe("Layer 1 · Head 1");
    expect(rows(".metric-table")).toEqual([["entropy", "", ".60", "+.20"]]);
    expect(root.textContent).toContain("At this step: nan");
  });

  it("closes the open head when it is clicked again, but not by the second click of a double-click", async () => {
    const click = (detail: number): void => {
      const cell = root.querySelector("button[aria-label='Layer 1 head 0']")!;
      cell.dispatchEvent(new MouseEvent("click", { detail, bubbles: true }));
    };
    click(1);
    click(2);
    await settle();
    expect(root.querySelector(".model-side")).not.toBeNull();
    click(1);
    await settle();
    expect(root.querySelector(".model-side")).toBeNull();
    click(1);
    await settle();
    expect(root.querySelector(".side-header h2")!.textContent).toBe("Layer 1 · Head 0");
  });

  it("shows the weights between the sentences that the filter names, and no others", async () => {
    const codes = new Uint8Array(5 * 4).fill(255);
    const pair = { ...header, sentence_b_start: 1 } as RecordHeader;
    const sizes = [3, 2].map((heads, at) => ({ heads, height: 2, width: 2, offset: at * 12 }));
    batch(() => {
      record.value = { status: "ready", value: pair };
      thumbnails.value = { status: "ready", value: { layers: sizes, codes } };
      sentenceFilter.value = "ba";
    });
    await settle();
    expect(isPair.value).toBe(true);
    expect(root.querySelector(".legend-scale")!.textContent).toContain(", B→A alone");
    const kept = filteredPictures({ layers: sizes, codes })!;
    expect([...kept.codes.subarray(0, 4)]).toEqual([0, 0, 255, 0]);
    sentenceFilter.value = "all";
    expect(filteredPictures({ layers: sizes, codes })!.codes).toBe(codes);
  });

  it("tells the metrics of the head under the pointer", async () => {
    const content = root.querySelector(".grid-content")!;
    const { pitchX, pitchY } = layout.value;
    content.dispatchEvent(
      new PointerEvent("pointermove", { clientX: pitchX + 5, clientY: pitchY + 5, bubbles: true }),
    );
    await settle();
    const tip = root.querySelector("[role=tooltip]")!;
    expect(tip.querySelector("strong")!.textContent).toBe("Layer 1 · Head 1");
    expect(rows("[role=tooltip]")).toEqual([["entropy", ".60", "+.20"]]);
    content.dispatchEvent(new PointerEvent("pointerleave"));
    await settle();
    expect(root.querySelector("[role=tooltip]")).toBeNull();
  });

  it("leads to the Head view", () => {
    root.querySelector<HTMLElement>(".side-header .link")!.click();
    expect(view.value).toBe("head");
  });

  it("keeps the last picture's title line and panel while the next step loads", async () => {
    batch(() => {
      step.value = 0;
      const previous = thumbnails.value.status === "ready" ? thumbnails.value.value : undefined;
      thumbnails.value = { status: "loading", previous: previous! };
    });
    await settle();
    expect(root.querySelector("canvas[role=img]")!.getAttribute("aria-busy")).toBe("true");
    expect(root.querySelectorAll("button[aria-label^='Layer ']").length).toBe(5);
    expect(root.querySelector(".model-loading")).not.toBeNull();
  });

  it("marks each drawn selection once", async () => {
    const mark = vi.spyOn(performance, "mark");
    const again = thumbnails.value;
    batch(() => {
      step.value = 0;
      thumbnails.value = { ...again };
    });
    await settle();
    sortBy.value = "entropy";
    await settle();
    expect(mark.mock.calls).toEqual([["attn:drawn:model"]]);
    mark.mockRestore();
  });

  it("writes the model's own number under each head when only some heads were logged", async () => {
    const chosen = layers.map((shape) => ({
      ...shape,
      head_numbers: [1, 5, 7].slice(0, shape.heads),
    }));
    record.value = { status: "ready", value: { ...header, layers: chosen } as RecordHeader };
    await settle();
    const texts = [...root.querySelectorAll("button[data-head]")].map((each) => each.textContent);
    expect(texts).toEqual(["1", "5", "7", "1", "5"]);
  });
});
