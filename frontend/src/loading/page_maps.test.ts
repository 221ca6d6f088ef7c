import { expect, it } from "vitest";

import { fakeApi, header } from "../../tests/fake_api";
import { LayerWeights } from "../decoding/decode";
import { mapsOfPage } from "./page_maps";

const at = { run: "r", tag: "p", step: 10, version: null };
const { signal } = new AbortController();
const values = Float32Array.of(0.8, 0.2, 0.5, 0.5); // [query, key] of one head
const norm = Float32Array.of(1, 4);

function api(valueNorm: Float32Array | null) {
  const found = fakeApi();
  found.record = () => {
    const value = header("p", 10);
    const lists = { query_tokens: "tokens", key_tokens: "tokens", heads: 1 };
    Object.assign(value, { layers: [{ ...value.layers[0]!, ...lists }] });
    return Promise.resolve({ value, bytes: 1 });
  };
  found.weights = () => {
    const none = new Float32Array(0);
    const value = new LayerWeights(0, 1, 2, 2, "float32", none, null, values, 0, valueNorm);
    return Promise.resolve({ value, bytes: 1 });
  };
  return found;
}

const close = (numbers: readonly number[]) => numbers.map((each) => expect.closeTo(each, 2));

it.each([
  ["weight", [0.8, 0.2]],
  ["contribution", [0.8 / 1.6, 0.8 / 1.6]],
] as const)(
  "a file's maps are of the %s that is drawn, and name their step",
  async (quantity, row) => {
    const of = { side: "query", list: "tokens", at: 0 } as const;
    const { value } = await mapsOfPage(api(norm), at, of, { only: null, quantity }, signal);
    expect([...value.weights(0, 0)!]).toEqual(close(row));
    expect(value.step).toBe(10);
  },
);
