import { describe, expect, it } from "vitest";

import { headVectors, layerHeader } from "../../../tests/head_of";
import { formatPart, listed, sharedKeyText, softmaxText } from "./texts";

const row = [new Array<number>(32).fill(0)];

describe("texts", () => {
  it.each([
    [5.04, "+5.0"],
    [-0.31, "−.31"],
    [0.0241, "+.024"],
    [28.2, "+28.2"],
    [0, "±.0"],
    [NaN, "–"],
  ])("%d is written %s", (value, text) => {
    expect(formatPart(value)).toBe(text);
  });

  it.each([
    [32 ** -0.5, null, "softmax(q · k ÷ √32)"],
    [1, null, "softmax(q · k)"],
    [null, null, "softmax(q · k)"],
    [0.125, null, "softmax(q · k × .125)"],
    [32 ** -0.5, Float32Array.of(1), "softmax(q · k ÷ √32 + bias)"],
  ])("scale %s, bias %s: %s", (scale, bias, text) => {
    expect(softmaxText(headVectors(row, row, { scale, bias }))).toBe(text);
  });

  it("names the heads that share a key head", () => {
    const names = Array.from({ length: 8 }, (_, head) => String(head));
    const header = layerHeader(1, 1, { heads: 8, kv_heads: 2 });
    const vectors = headVectors(row, row, { head: 5, kvHead: 1 });
    expect(sharedKeyText(header, vectors, names)).toBe("key head 1, shared with heads 4, 6 and 7");
    expect(sharedKeyText({ ...header, kv_heads: 8 }, vectors, names)).toBeNull();
    const many = Array.from({ length: 16 }, (_, head) => String(head));
    const one = layerHeader(1, 1, { heads: 16, kv_heads: 1 });
    expect(sharedKeyText(one, headVectors(row, row), many)).toBe(
      "key head 0, shared with heads 1, 2, 3, 4, 5 and 10 more",
    );
  });

  it.each([
    [["1"], "1"],
    [["1", "3"], "1 and 3"],
    [["1", "3", "4"], "1, 3 and 4"],
  ])("%j is read as %s", (names, text) => {
    expect(listed(names)).toBe(text);
  });
});
