import { describe, expect, it } from "vitest";
import { keepTokens, pixelsOfTokens } from "./kept_part";

describe("the kept part of thumbnails", () => {
  const layers = [
    { heads: 2, height: 3, width: 4, offset: 0 },
    { heads: 1, height: 3, width: 4, offset: 24 },
  ];
  const codes = new Uint8Array(36).fill(7);
  const kept = { query: [0, 2], key: [3, 4], queries: 3, keys: 4 } as const;

  it("has the weights of the kept queries and keys in every head, and no others", () => {
    const found = keepTokens({ layers, codes }, (layer) => (layer === 0 ? kept : null));
    const head = [0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 0];
    expect([...found.codes]).toEqual([...head, ...head, ...codes.subarray(24)]);
    expect(found.layers).toBe(layers);
  });

  it("leaves the thumbnails themselves as they are", () => {
    keepTokens({ layers, codes }, () => kept);
    expect(codes.every((code) => code === 7)).toBe(true);
  });

  it("holds a pixel that stands for kept and other tokens", () => {
    expect(pixelsOfTokens([0, 9], 13)).toEqual([0, 9]);
    expect(pixelsOfTokens([0, 65], 128)).toEqual([0, 33]);
    expect(pixelsOfTokens([65, 128], 128)).toEqual([32, 64]);
  });
});
