// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LayerWeights } from "../../decoding/decode";
import {
  head,
  headMode,
  index,
  headSummary,
  hoverKey,
  hoverQuery,
  key,
  layer,
  linesLayout,
  query,
  record,
  type RecordHeader,
  selectLayer,
  sentenceFilter,
  shownHeads,
  specials,
  run,
  tag,
  step,
  tokenRange,
  weights,
} from "../../state";
import { HeadView } from "./head_view";

const tokens = ["[CLS]", "nurse", "she", "</script>"];

function header(): RecordHeader {
  const one = {
    ...{ name: "", kind: "self" as const, stack: "", heads: 3, kv_heads: 3, queries: 4, keys: 4 },
    ...{ mask: "full", scale: null, thumbnail: [4, 4] as [number, number], vectors: false },
    ...{ query_tokens: "tokens" as const, key_tokens: "tokens" as const, mechanism: "", dtype: "" },
  };
  return {
    ...{
      format: 1,
      tag: "pair",
      step: 8,
      wall_time: 0,
      metrics: [],
      precision: "float32",
      probe: "",
    },
    ...{
      tokens: { tokens },
      special: { tokens: [0] },
      sentence_b_start: 2,
      faults: [],
      kind: "weights",
    },
    layers: [
      { ...one, weights: true },
      { ...one, weights: false },
    ],
    left_out: [{ layer: 1, what: "weights", why: "the disk is small" }],
  };
}

/** Query i puts 0.5 on key i and the rest on key 0. */
function planted(): LayerWeights {
  const values = new Float32Array(3 * 16);
  for (let head = 0; head < 3; head++)
    for (let at = 0; at < 4; at++) {
      values[16 * head + 4 * at] = 0.5;
      values[16 * head + 4 * at + at]! += 0.5;
    }
  return new LayerWeights(0, 3, 4, 4, "float32", new Float32Array(12).fill(1), null, values);
}

const page = () => document.body;
const button = (name: string) =>
  page().querySelector<HTMLButtonElement>(`button[aria-label="${name}"]`)!;
const named = (text: string) =>
  [...page().querySelectorAll("button")].find((each) => each.textContent === text)!;
const list = (name: string) => page().querySelector<HTMLElement>(`[aria-label="${name} tokens"]`)!;

function press(element: HTMLElement, name: string): void {
  act(() => {
    element.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  });
}

function click(element: HTMLElement): void {
  act(() => {
    element.click();
  });
}

/** Text of the table's cells, row by row. */
function table(): string[][] {
  return [...page().querySelectorAll('[role="table"] [role="row"]')].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
}

beforeEach(() => {
  // happy-dom lays nothing out; a scroll window of this size keeps all rows.
  for (const [name, size] of [
    ["clientHeight", 400],
    ["clientWidth", 900],
  ] as const)
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
  record.value = { status: "ready", value: header() };
  weights.value = { status: "ready", value: planted() };
  step.value = 8;
  act(() => {
    render(<HeadView />, document.body);
  });
});

afterEach(() => {
  render(null, document.body);
  layer.value = 0;
  for (const signal of [query, key, hoverQuery, hoverKey, shownHeads]) signal.value = null;
  sentenceFilter.value = "all";
  specials.value = "show";
  headMode.value = "lines";
  linesLayout.value = "vertical";
  headSummary.value = "none";
  tokenRange.value = null;
});

describe("head view", () => {
  test("both lists name their tokens, and tokens are text", () => {
    for (const side of ["Query", "Key"]) {
      const options = [...list(side).querySelectorAll('[role="option"]')];
      expect(options.map((option) => option.querySelector("bdi")!.textContent)).toEqual(tokens);
    }
    expect(page().querySelector("script")).toBeNull();
  });

  test("a click on a square toggles its head, and the last one stays on", () => {
    click(button("Head 1"));
    expect(shownHeads.value).toEqual(new Set([0, 2]));
    expect(button("Head 1").getAttribute("aria-pressed")).toBe("false");
    click(button("Head 0"));
    click(button("Head 2"));
    expect(shownHeads.value).toEqual(new Set([2]));
    click(named("All"));
    expect(shownHeads.value).toBeNull();
  });

  test("a double click on a square shows its head alone, another one all heads", () => {
    const twice = () => {
      act(() => {
        button("Head 1").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
      });
    };
    twice();
    expect(shownHeads.value).toEqual(new Set([1]));
    twice();
    expect(shownHeads.value).toBeNull();
  });

  test("without a pin the table has the mean weight that each key receives", () => {
    expect(table()).toEqual([
      [".63", ".63", ".63", ".63"],
      [".13", ".13", ".13", ".13"],
      [".13", ".13", ".13", ".13"],
      [".13", ".13", ".13", ".13"],
    ]);
  });

  test("arrow keys and Enter pin a query, the table has its weights, Escape frees it", () => {
    press(list("Query"), "ArrowDown");
    press(list("Query"), "ArrowDown");
    press(list("Query"), "Enter");
    expect(query.value).toBe(1);
    expect(table()[0]).toEqual([".50", ".50", ".50", ".50"]);
    expect(table()[2]).toEqual([".00", ".00", ".00", ".00"]);
    expect(named("pinned: nurse ×")).toBeDefined();
    press(list("Query"), "Escape");
    expect(query.value).toBeNull();
  });

  test("what a query puts on no key has a place under the keys and a dashed line from each head", () => {
    const { heads, queries, keys, rowMax, values } = planted();
    const most = values!.map((value) => value * 0.8);
    const sunk = new LayerWeights(0, heads, queries, keys, "float32", rowMax, null, most);
    act(() => void (weights.value = { status: "ready", value: sunk }));
    expect(page().querySelector(".no-key")!.textContent).toBe("no key sink");
    expect(page().querySelectorAll(".no-key-lines path")).toHaveLength(0);
    act(() => void (query.value = 2));
    expect(page().querySelectorAll(".no-key-lines path")).toHaveLength(3);
    act(() => void (weights.value = { status: "ready", value: planted() }));
    expect(page().querySelector(".no-key")).toBeNull();
  });

  test("a pinned key frees the query, and its rows are queries", () => {
    query.value = 1;
    press(list("Key"), "End");
    press(list("Key"), "Enter");
    expect([query.value, key.value]).toEqual([null, 3]);
    expect(table().map((row) => row[0])).toEqual(tokens);
    expect(table()[3]!.slice(1)).toEqual([".50", ".50", ".50", ".50"]);
  });

  test("a token that is pinned out of view is scrolled to", () => {
    Object.defineProperty(HTMLElement.prototype, "clientHeight", {
      configurable: true,
      get: () => 64, // one row below the head of the lists
    });
    render(null, document.body);
    act(() => render(<HeadView />, document.body));
    act(() => void (query.value = 3));
    const tops = [...page().querySelectorAll<HTMLElement>("*")].map(({ scrollTop }) => scrollTop);
    expect(Math.max(...tops)).toBe(96);
  });

  test("a sentence filter greys tokens and gives the hidden mass a row", () => {
    act(() => {
      query.value = 2;
    });
    click(named("B→A"));
    const off = [...list("Key").querySelectorAll('[aria-disabled="true"]')];
    expect(off.map((option) => option.querySelector("bdi")!.textContent)).toEqual([
      "she",
      "</script>",
    ]);
    expect(table()).toHaveLength(3);
    expect(table().at(-1)).toEqual([".50", ".50", ".50", ".50"]);
    expect(page().textContent).toContain("weight on sentence B, hidden by the filter B→A");
  });

  test("hidden special tokens leave the lists and say how much they take along", () => {
    act(() => {
      specials.value = "hide";
    });
    expect(list("Key").querySelectorAll('[role="option"]')).toHaveLength(3);
    expect(page().textContent).toContain("weight on special tokens, hidden");
  });

  test("a layer whose weights were left out says why, and offers no heads", () => {
    act(() => {
      selectLayer(1);
    });
    expect(page().textContent).toContain("Layer 1 has no weights at step 8");
    expect(page().textContent).toContain("the disk is small");
    expect(button("Head 0")).toBeNull();
  });

  test("a step of metrics alone is not blamed on the size of the record", () => {
    const none = { steps: [8], wall_times: [0], versions: ["v"], kinds: ["metrics"] };
    act(() => {
      index.value = { r: { p: none } };
      run.value = "r";
      tag.value = "p";
      selectLayer(1);
    });
    expect(page().textContent).not.toContain("max_record_bytes");
    act(() => {
      index.value = null;
    });
  });

  test("while the next layer loads the former one stays, and the view says so", () => {
    act(() => {
      weights.value = { status: "loading" };
    });
    expect(list("Query").querySelectorAll('[role="option"]')).toHaveLength(4);
    expect(page().querySelector(".head-toolbar .model-loading")?.textContent).toBe("loading …");
  });

  test("the title of a matrix names the layer that is drawn, not the one on its way", () => {
    const title = () => page().querySelector(".matrix-title strong")?.textContent;
    act(() => {
      headMode.value = "matrix";
      head.value = 0;
    });
    expect(title()).toBe("Layer 0 · Head 0");
    const [one] = header().layers;
    act(() => {
      record.value = { status: "ready", value: { ...header(), layers: [one!, one!] } };
      weights.value = { status: "loading", previous: planted() };
      selectLayer(1);
    });
    expect(title()).toBe("Layer 0 · Head 0");
    act(() => {
      weights.value = { status: "ready", value: Object.assign(planted(), { layer: 1 }) };
    });
    expect(title()).toBe("Layer 1 · Head 0");
  });

  test("mean and maximum draw the shown heads as one, pressed again each by itself", () => {
    click(named("Mean"));
    expect(page().textContent).toContain("Mean over 3 of 3 heads, drawn as one.");
    expect(page().querySelector("canvas[role=img]")?.getAttribute("aria-label")).toContain(
      "1 heads",
    );
    click(named("Max"));
    expect(page().textContent).toContain("Maximum over 3 of 3 heads");
    click(named("Max"));
    expect(headSummary.value).toBe("none");
  });

  test("a range of tokens is shown alone, until the whole text is asked for", () => {
    act(() => {
      tokenRange.value = { query: [1, 3], key: [0, 4] };
    });
    expect(page().textContent).toContain("Query tokens 1–2 of 4, key tokens 0–3 of 4.");
    click(named("Whole text"));
    expect(tokenRange.value).toBeNull();
  });

  test("side by side, the lists are walked with the arrows left and right", () => {
    act(() => {
      linesLayout.value = "horizontal";
    });
    expect(list("Query").getAttribute("aria-orientation")).toBe("horizontal");
    press(list("Query"), "ArrowRight");
    const first = hoverQuery.value;
    press(list("Query"), "ArrowRight");
    expect(hoverQuery.value).toBe(first! + 1);
    expect(page().querySelectorAll('[role="table"] [role="row"]')).toHaveLength(3);
  });

  test("the matrix takes the place of the lines", () => {
    act(() => {
      head.value = 0;
      headMode.value = "matrix";
    });
    expect(page().querySelector('[aria-label="Query tokens"]')).toBeNull();
    expect(page().textContent).toContain("Layer 0 · Head 0");
  });
});
