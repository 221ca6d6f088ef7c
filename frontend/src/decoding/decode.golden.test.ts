/** Answers that Python wrote, read by the browser's decoder. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  decodeMetrics,
  decodeThumbnails,
  decodeVectors,
  decodeWeights,
  type LayerWeights,
} from "./decode";

const folder = new URL("../../../tests/fixtures/answers/", import.meta.url);

interface WeightFields {
  layer: number;
  queries: number;
  keys: number;
  precision: string;
}

function bytes(name: string): ArrayBuffer {
  const file = readFileSync(new URL(`${name}.bin`, folder));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
}

function expected<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as T;
}

function nested(weights: LayerWeights): number[][][] {
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  return range(weights.heads).map((head) =>
    range(weights.queries).map((query) =>
      range(weights.keys).map((key) => weights.weight(weights.firstHead + head, query, key)),
    ),
  );
}

function expectClose(actual: unknown, wanted: unknown): void {
  const flat = (value: unknown) => (value as unknown[]).flat(Infinity) as (number | null)[];
  const [found, numbers] = [flat(actual), flat(wanted)];
  expect(found).toHaveLength(numbers.length);
  numbers.forEach((number, i) => {
    if (number === null) expect(found[i]).toBeNaN();
    else expect(found[i]).toBeCloseTo(number, 6);
  });
}

describe("golden answers", () => {
  const layers = ["weights_layer", "weights_head", "weights_float16", "weights_float32"];
  test.each(layers)("%s", async (name) => {
    const { fields, weights } = expected<{ fields: WeightFields; weights: number[][][] }>(name);
    const decoded = await decodeWeights(bytes(name));
    const { layer, queries, keys, precision } = fields;
    expect(decoded).toMatchObject({ layer, queries, keys, precision, heads: weights.length });
    expectClose(nested(decoded), weights);
  });

  test.each(["thumbnails", "thumbnails_pooled"])("%s", async (name) => {
    const { thumbnails } = expected<{ thumbnails: number[][][][] }>(name);
    const decoded = await decodeThumbnails(bytes(name));
    expect(decoded.layers.map(({ heads }) => heads)).toEqual(
      thumbnails.map((layer) => layer.length),
    );
    expect([...decoded.codes]).toEqual(thumbnails.flat(Infinity));
  });

  test.each(["vectors", "vectors_bfloat16"])("%s", (name) => {
    const wanted = expected<{
      fields: { kv_head: number; scale: number };
      query: number[][];
      key: number[][];
      bias?: number[][] | null;
    }>(name);
    const vectors = decodeVectors(bytes(name));
    expect(vectors).toMatchObject({ kvHead: wanted.fields.kv_head, scale: wanted.fields.scale });
    expect(vectors.dimensions).toBe(wanted.query[0]!.length);
    expectClose([...vectors.query], wanted.query);
    expectClose([...vectors.key], wanted.key);
    expectClose([...(vectors.bias ?? [])], wanted.bias ?? []);
  });

  test("metrics", () => {
    const wanted = expected<{
      fields: { names: string[]; damaged: number[] };
      steps: number[];
      wall_times: number[];
      values: (number | null)[][][][];
    }>("metrics");
    const series = decodeMetrics(bytes("metrics"));
    expect(series.names).toEqual(wanted.fields.names);
    expect(series.damaged).toEqual(wanted.fields.damaged);
    expect([...series.steps]).toEqual(wanted.steps);
    expect([...series.wallTimes]).toEqual(wanted.wall_times);
    expectClose([...series.values], wanted.values);
    expect(series.at(1, 1, 2, 1)).toBeCloseTo(wanted.values[1]![1]![2]![1]!, 6);
  });
});
