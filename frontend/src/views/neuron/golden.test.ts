/** Numbers of the neuron view, as Python works them out. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { headWeights, layerHeader } from "../../../tests/head_of";
import { decodeVectors, type HeadVectors } from "../../decoding/decode";
import { byContribution } from "./dimension_order";
import { distanceMeans } from "./distance_means";
import { queryNumbers } from "./query_numbers";

const folder = new URL("../../../../tests/fixtures/answers/", import.meta.url);

interface Expected {
  causal: boolean;
  queries: { sums: (number | null)[]; weights: number[]; orders: number[][] }[];
  distances: number[];
  means: number[][];
}

const golden = JSON.parse(readFileSync(new URL("neuron.json", folder), "utf8")) as Record<
  string,
  Expected[]
>;
const cases = Object.entries(golden).flatMap(([name, all]) =>
  all.map((wanted) => ({ name, mask: wanted.causal ? "causal" : "full", wanted })),
);

function vectorsOf(name: string): HeadVectors {
  const file = readFileSync(new URL(`${name}.bin`, folder));
  return decodeVectors(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
}

describe.each(cases)("$name, $mask mask", ({ name, mask, wanted }) => {
  const vectors = vectorsOf(name);
  const [queries, keys] = [vectors.query, vectors.key].map(
    (all) => all.length / vectors.dimensions,
  );
  const header = layerHeader(queries!, keys!, { mask });
  const weights = headWeights(wanted.queries.map((query) => query.weights));
  const numbers = wanted.queries.map((_, query) =>
    queryNumbers(header, vectors, weights, 0, query),
  );

  test("q · k of every pair, none where the mask hides the key", () => {
    numbers.forEach(({ sums, seen }, query) => {
      wanted.queries[query]!.sums.forEach((sum, key) => {
        expect(seen[key]).toBe(sum === null ? 0 : 1);
        if (sum === null) expect(sums[key]).toBeNaN();
        else expect(sums[key]).toBeCloseTo(sum, 5);
      });
    });
  });

  test("softmax with scale, bias and mask", () => {
    numbers.forEach(({ recomputed }, query) => {
      [...recomputed].forEach((weight, key) => {
        expect(weight).toBeCloseTo(wanted.queries[query]!.weights[key]!, 5);
      });
    });
  });

  test("order of the dimensions by their part in each weight", () => {
    numbers.forEach(({ products, seen }, query) => {
      wanted.queries[query]!.orders.forEach((order, key) => {
        if (seen[key] === 1)
          expect(byContribution(products, key, vectors.dimensions)).toEqual(order);
      });
    });
  });

  test("mean products by distance", () => {
    const { distances, means } = distanceMeans(header, vectors);
    expect(distances).toEqual(wanted.distances);
    [...means].forEach((mean, i) => {
      expect(mean).toBeCloseTo(wanted.means.flat()[i]!, 5);
    });
  });
});
