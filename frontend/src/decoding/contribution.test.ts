import { describe, expect, test } from "vitest";
import { contributionsOf } from "./contribution";
import { LayerWeights } from "./decode";

const norms = Float32Array.of(0, 2, 4, 1, 1, 1);
const sink = [0.5, 0.25, 0.25, 1, 0, 0];

function layer(values: number[], valueNorm: Float32Array | null, firstHead = 0): LayerWeights {
  const none = new Float32Array(0);
  const all = Float32Array.from(values);
  const heads = values.length / 6;
  return new LayerWeights(1, heads, 2, 3, "float32", none, null, all, firstHead, valueNorm);
}

function rows(of: LayerWeights, head: number): number[][] {
  return [0, 1].map((query) => [0, 1, 2].map((key) => of.weight(head, query, key)));
}

describe("contributions", () => {
  test("are weight × length of value, by the row’s sum; a row that moves nothing is 0", () => {
    const found = contributionsOf(layer([...sink, ...sink], norms))!;
    expect(rows(found, 0)).toEqual([
      [0, expect.closeTo(1 / 3, 6), expect.closeTo(2 / 3, 6)],
      [0, 0, 0],
    ]);
    expect(rows(found, 1)).toEqual([
      [0.5, 0.25, 0.25],
      [1, 0, 0],
    ]);
  });

  test("of one loaded head are by that head’s lengths", () => {
    const found = contributionsOf(layer(sink, norms.subarray(0, 3), 7))!;
    expect([found.firstHead, found.weight(7, 0, 2)]).toEqual([7, expect.closeTo(2 / 3, 6)]);
  });

  test("of codes are those of the weights that the codes stand for", () => {
    const codes = Uint8Array.of(255, 0, 51, 10, 20, 255);
    const maxima = Float32Array.of(0.5, 1);
    const coded = new LayerWeights(0, 1, 2, 3, "uint8", maxima, codes, null, 0, norms.subarray(3));
    const found = contributionsOf(coded)!;
    expect(found.weight(0, 0, 2)).toBeCloseTo(0.2 ** 2 / (1 + 0.2 ** 2), 6);
  });

  test("are unknown where no lengths are, or a weight is not a number", () => {
    expect(contributionsOf(layer(sink, null))).toBeNull();
    const found = contributionsOf(layer([NaN, 0.5, 0.5, 1, 0, 0], norms.subarray(3)))!;
    expect(rows(found, 0)[0]).toEqual([NaN, NaN, NaN]);
  });

  test("are worked out once", () => {
    const weights = layer(sink, norms.subarray(0, 3));
    expect(contributionsOf(weights)).toBe(contributionsOf(weights));
  });
});
