import { describe, expect, test } from "vitest";
import { LayerWeights } from "../../decoding/decode";
import type { LayerHeader, SentenceFilter, Specials } from "../../state";
import { makeAxis, sentencesOf } from "../../parts/token_lines/axis";
import type { Focus } from "../../parts/token_lines/focus";
import { overviewOf } from "./overview";
import { filterName } from "../../parts/token_lines/filter_name";
import { sinkShares, weightRows } from "./weight_rows";

const tokens = ["[CLS]", "nurse", "she"];
const special = new Set([0]);
const header = { mask: "full", queries: 3, keys: 3, heads: 2 } as LayerHeader;
/** Two heads of [query, key]. */
const values = Float32Array.of(
  ...[0.5, 0.25, 0.25, 0, 1, 0, 0.125, 0.75, 0.125],
  ...[1, 0, 0, 0.5, 0.5, 0, 0.625, 0.25, 0.125],
);
const weights = new LayerWeights(0, 2, 3, 3, "float32", new Float32Array(6), null, values);

function rowsFor(
  focus: Focus | null,
  changes: { filter?: SentenceFilter; specials?: Specials; header?: LayerHeader } = {},
) {
  const { filter = "all", specials = "show" } = changes;
  const only = sentencesOf(filter);
  const axes = {
    query: makeAxis(tokens, special, 2, { specials, only: only.query }),
    key: makeAxis(tokens, special, 2, { specials, only: only.key }),
  };
  const heads = [0, 1];
  const overview = overviewOf(weights, heads, axes, 0.2);
  const rows = weightRows({
    ...{ weights, heads, axes, focus, overview, filter, specials },
    header: changes.header ?? header,
  });
  return { rows, overview };
}

describe("weight_rows", () => {
  test("a query's rows are keys, with the mean over heads and the strongest key", () => {
    const { rows } = rowsFor({ side: "query", token: 2 });
    expect(rows.side).toBe("key");
    expect([...rows.byHead[0]!]).toEqual([0.125, 0.75, 0.125]);
    expect([...rows.mean]).toEqual([0.375, 0.5, 0.125]);
    expect(rows.strongest).toBe(1);
    expect(rows.uniform).toBe("uniform: .33 on each of 3 keys");
  });

  test("what lies on no key stands right under the keys", () => {
    const short = values.map((value, at) => (at < 9 ? value * 0.75 : value));
    const sunk = new LayerWeights(0, 2, 3, 3, "float32", new Float32Array(6), null, short);
    const axis = makeAxis(tokens, special, 2, { specials: "mute", only: null });
    const axes = { query: axis, key: axis };
    const rows = weightRows({
      ...{ weights: sunk, header, heads: [0, 1], axes, filter: "all", specials: "mute" },
      focus: { side: "query", token: 2 },
      overview: overviewOf(sunk, [0, 1], axes, 0.2),
    });
    expect(sinkShares(rows)).toEqual([0.25, 0]);
    expect(rows.hidden.map(({ isSink }) => isSink ?? false)).toEqual([true, false]);
  });

  test("a key's rows are queries", () => {
    const { rows } = rowsFor({ side: "key", token: 1 });
    expect(rows.side).toBe("query");
    expect([...rows.mean]).toEqual([0.125, 0.75, 0.5]);
    expect(rows.hidden).toEqual([]);
  });

  test("without a focus the rows are what keys receive from the queries that are on", () => {
    const { rows } = rowsFor(null, { filter: "ba" });
    expect([...rows.byHead[1]!]).toEqual([0.625, 0.25, 0.125]);
  });

  test("the mass that a filter hides is a row of its own", () => {
    const { rows } = rowsFor({ side: "query", token: 2 }, { filter: "ba" });
    expect(rows.hidden).toEqual([
      {
        caption: "weight on sentence B, hidden by the filter B→A",
        byHead: [0.125, 0.125],
        mean: 0.125,
      },
    ]);
    expect(rows.strongest).toBe(1);
  });

  test.each(["mute", "hide"] as const)(
    "special tokens: %s says how much mass that hides",
    (specials) => {
      const { rows } = rowsFor({ side: "query", token: 2 }, { specials });
      expect(rows.hidden.map(({ byHead }) => byHead)).toEqual([[0.125, 0.625]]);
      expect(rows.hidden[0]!.caption).toMatch(specials === "hide" ? /hidden$/ : /muted$/);
    },
  );

  test("rows shown and hidden mass add up to one", () => {
    const { rows } = rowsFor({ side: "query", token: 2 }, { filter: "ba", specials: "mute" });
    for (const [head, column] of rows.byHead.entries())
      expect(
        column[1]! + rows.hidden.reduce((sum, { byHead }) => sum + byHead[head]!, 0),
      ).toBeCloseTo(1);
  });

  test("uniform follows the mask", () => {
    const causal = { ...header, mask: "causal" };
    expect(rowsFor({ side: "query", token: 0 }, { header: causal }).rows.uniform).toBe(
      "uniform: 1.00 on the only key",
    );
    expect(rowsFor(null, { header: causal }).rows.uniform).toBeNull();
  });

  test("the overview says what share of the weight the threshold leaves out", () => {
    const { overview } = rowsFor(null);
    expect(overview.belowThreshold).toBeCloseTo((0.125 + 0.125 + 0.125) / 6);
  });

  test("a head without numbers leaves the mean to the others", () => {
    const broken = new LayerWeights(
      0,
      2,
      3,
      3,
      "float32",
      new Float32Array(6),
      null,
      values.slice(),
    );
    broken.values!.fill(NaN, 9);
    const axis = makeAxis(tokens, special, null, { specials: "show", only: null });
    const axes = { query: axis, key: axis };
    const overview = overviewOf(broken, [0, 1], axes, 0.2);
    const rows = weightRows({
      ...{ weights: broken, header, heads: [0, 1], axes, overview },
      ...{ focus: { side: "query", token: 2 }, filter: "all", specials: "show" },
    });
    expect([...rows.mean]).toEqual([0.125, 0.75, 0.125]);
    expect(rows.byHead[1]![0]).toBeNaN();
    expect(overview.belowThreshold).toBeCloseTo(0.25 / 3);
  });

  test("filters are named by their sentences", () => {
    expect(["all", "aa", "ba"].map((filter) => filterName(filter as SentenceFilter))).toEqual([
      "All",
      "A→A",
      "B→A",
    ]);
  });
});
