import { expect, it } from "vitest";

import { HeadMaps } from "./head_maps";
import { DecodeError } from "./unpack";

function answer(codes: number[]): ConstructorParameters<typeof HeadMaps>[0] {
  const layers = [
    { layer: 1, heads: 2, length: 3 },
    { layer: 4, heads: 1, length: 2 },
  ];
  return {
    fields: { side: "query", at: 5, tokens: "vision", layers },
    arrays: {
      maxima: { data: Float32Array.of(1, 0.5, 0.2), shape: [3] },
      codes: { data: Uint8Array.from(codes), shape: [codes.length] },
    },
  };
}

it("has the weights of each head and their mean, and null where a layer has no such query", () => {
  const maps = new HeadMaps(answer([255, 0, 0, 0, 255, 0, 0, 255]), 7);
  expect([...maps.weights(1, 0)!]).toEqual([1, 0, 0]);
  expect([...maps.weights(1, 1)!]).toEqual([0, 0.5, 0]);
  expect(maps.weights(4, 0)![1]).toBeCloseTo(0.2);
  expect([...maps.mean(1)!]).toEqual([0.5, 0.25, 0]);
  expect([maps.weights(0, 0), maps.weights(4, 1), maps.mean(2)]).toEqual([null, null, null]);
  expect([maps.side, maps.list, maps.at]).toEqual(["query", "vision", 5]);
});

it("refuses codes that are not those of the layers", () => {
  expect(() => new HeadMaps(answer([1, 2, 3]), 7)).toThrow(DecodeError);
});
