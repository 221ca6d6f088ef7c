import { describe, expect, test } from "vitest";
import { LayerWeights } from "../../decoding/decode";
import { project, summarised } from "./project";
import { groupOf, groupsIn, singleTokens, tokenOf } from "./token_groups";

const values = Float32Array.of(
  ...[0.5, 0.25, 0.25, 0, 0, 1, 0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0.5, 0, 0.5],
  ...[1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1],
);
const weights = new LayerWeights(3, 2, 4, 4, "float32", new Float32Array(8), null, values, 5);
const row = (of: LayerWeights, head: number, query: number): number[] =>
  Array.from({ length: of.keys }, (_, key) => of.weight(head, query, key));

describe("weights by word", () => {
  const words = groupsIn(Int32Array.of(0, 1, 3), 4, [0, 4]);

  test("are the mean over a word's queries and the sum over its keys", () => {
    const { weights: shown, outside } = project(weights, words, words);
    expect(shown).toMatchObject({ layer: 3, heads: 2, queries: 3, keys: 3, firstHead: 5 });
    expect(row(shown, 5, 0)).toEqual([0.5, 0.5, 0]);
    expect(row(shown, 5, 1)).toEqual([0.125, 0.75, 0.125]);
    expect(row(shown, 6, 2)).toEqual([0, 0, 1]);
    expect(outside).toBeNull();
  });

  test("tell each token's word and each word's first token", () => {
    expect([0, 1, 2, 3, null].map((token) => groupOf(words, token))).toEqual([0, 1, 1, 2, null]);
    expect([0, 1, 2, null].map((group) => tokenOf(words, group))).toEqual([0, 1, 3, null]);
  });
});

describe("weights of a range of tokens", () => {
  const range = groupsIn(Int32Array.of(0, 1, 2, 3), 4, [1, 3]);

  test("are those of its cells, and what lies outside is told", () => {
    const { weights: shown, outside } = project(weights, range, range);
    expect(row(shown, 5, 0)).toEqual([1, 0]);
    expect(row(shown, 5, 1)).toEqual([0.25, 0.25]);
    expect([...outside!]).toEqual([0, 0.5, 0, 0]);
  });

  test("know nothing of tokens outside", () => {
    expect([0, 1, 2, 3].map((token) => groupOf(range, token))).toEqual([null, 0, 1, null]);
  });

  test("of the whole text are the weights themselves", () => {
    expect(project(weights, singleTokens(4), singleTokens(4)).weights).toBe(weights);
  });
});

describe("one head of many", () => {
  test("has their mean or their maximum in every cell", () => {
    expect(row(summarised(weights, [5, 6], "mean"), 0, 1)).toEqual([0, 0.5, 0.5, 0]);
    expect(row(summarised(weights, [5, 6], "max"), 0, 1)).toEqual([0, 1, 1, 0]);
    expect(row(summarised(weights, [6], "mean"), 0, 1)).toEqual([0, 0, 1, 0]);
  });
});
