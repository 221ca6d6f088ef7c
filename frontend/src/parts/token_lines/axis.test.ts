import { describe, expect, test } from "vitest";
import type { LayerHeader, RecordHeader } from "../../state";
import { axesOf, hasSentences, makeAxis, sentencesOf, tokenPlaces } from "./axis";

const tokens = ["[CLS]", "the", "[SEP]", "she", "[SEP]"];
const special = new Set([0, 2, 4]);

function layer(changes: Partial<LayerHeader> = {}): LayerHeader {
  return {
    name: "",
    kind: "self",
    stack: "",
    heads: 2,
    kv_heads: 2,
    queries: 5,
    keys: 5,
    mask: "full",
    scale: null,
    thumbnail: [5, 5],
    weights: true,
    vectors: false,
    query_tokens: "tokens",
    key_tokens: "tokens",
    mechanism: "",
    dtype: "",
    ...changes,
  };
}

function record(layers: LayerHeader[]): RecordHeader {
  return {
    format: 1,
    tag: "pair",
    step: 0,
    wall_time: 0,
    tokens: { tokens, decoder_tokens: ["<s>", "Ġelle"] },
    special: { tokens: [...special], decoder_tokens: [0] },
    sentence_b_start: 3,
    layers,
    metrics: [],
    precision: "uint8",
    probe: "",
    left_out: [],
    faults: [],
    kind: "weights",
  };
}

const off = (axis: { rows: readonly { off: boolean }[] }) => axis.rows.map((row) => row.off);

describe("axis", () => {
  test("without a filter every token has a row that is on", () => {
    const axis = makeAxis(tokens, special, null, { specials: "show", only: null });
    expect(axis.rows.map((row) => row.text)).toEqual(tokens);
    expect(off(axis)).toEqual([false, false, false, false, false]);
    expect([...axis.rowOf]).toEqual([0, 1, 2, 3, 4]);
  });

  test("a sentence filter greys the other sentence and keeps its rows", () => {
    const axis = makeAxis(tokens, special, 3, { specials: "show", only: "B" });
    expect(off(axis)).toEqual([true, true, true, false, false]);
    expect(axis.filtered).toEqual([0, 1, 2]);
    expect(axis.rows.map((row) => row.sentence)).toEqual(["A", "A", "A", "B", "B"]);
  });

  test("muted special tokens keep their rows, hidden ones lose them", () => {
    const muted = makeAxis(tokens, special, null, { specials: "mute", only: null });
    expect(off(muted)).toEqual([true, false, true, false, true]);
    const hidden = makeAxis(tokens, special, null, { specials: "hide", only: null });
    expect(hidden.rows.map((row) => row.text)).toEqual(["the", "she"]);
    expect([...hidden.rowOf]).toEqual([-1, 0, -1, 1, -1]);
    expect(hidden.silenced).toEqual([0, 2, 4]);
  });

  test("a token that the filter has out is not counted as special again", () => {
    const axis = makeAxis(tokens, special, 3, { specials: "mute", only: "B" });
    expect(axis.filtered).toEqual([0, 1, 2]);
    expect(axis.silenced).toEqual([4]);
  });

  test("a filter names the sentence of queries first, then of keys", () => {
    expect(sentencesOf("ba")).toEqual({ query: "B", key: "A" });
    expect(sentencesOf("all")).toEqual({ query: null, key: null });
  });

  test("cross attention takes its two token lists and is not filtered by sentence", () => {
    const cross = layer({ kind: "cross", query_tokens: "decoder_tokens", queries: 2 });
    const header = record([layer(), cross]);
    const axes = axesOf(header, 1, "mute", "ba");
    expect(axes.query.rows.map((row) => row.text)).toEqual(["<s>", "elle"]);
    expect(off(axes.query)).toEqual([true, false]);
    expect(axes.key.rows).toHaveLength(5);
    expect([hasSentences(header, 0), hasSentences(header, 1)]).toEqual([true, false]);
  });

  test("places are the middles of rows in device pixels, NaN for what is off or hidden", () => {
    const axis = makeAxis(tokens, special, null, { specials: "mute", only: null });
    expect([...tokenPlaces(axis, 32, 16, 2)]).toEqual([NaN, 64, NaN, 192, NaN]);
  });
});
