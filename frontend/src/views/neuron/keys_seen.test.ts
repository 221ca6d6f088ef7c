import { describe, expect, it } from "vitest";

import { headVectors, layerHeader } from "../../../tests/head_of";
import { seenKeys } from "./keys_seen";

const zeros = (count: number): number[][] => Array.from({ length: count }, () => [0]);
const seen = (queries: number, keys: number, mask: string, query: number): string =>
  seenKeys(
    layerHeader(queries, keys, { mask }),
    headVectors(zeros(queries), zeros(keys)),
    query,
  ).join("");

describe("keys that a query sees", () => {
  it.each([
    ["full", 4, 4, 1, "1111"],
    ["causal", 4, 4, 1, "1100"],
    ["causal", 4, 4, 0, "1000"],
    ["causal", 2, 5, 0, "11110"],
    ["window 2", 5, 5, 3, "00110"],
    ["window 2", 5, 5, 0, "10000"],
    ["other", 3, 3, 0, "111"],
  ])("%s mask, %i queries, %i keys: query %i sees %s", (mask, queries, keys, query, wanted) => {
    expect(seen(queries, keys, mask, query)).toBe(wanted);
  });

  it("are not those whose bias is −∞, on axes of their own or shared by all queries", () => {
    const header = layerHeader(2, 3, { mask: "other" });
    const [own, shared] = [
      { bias: Float32Array.of(0, -Infinity, 1, -Infinity, 0, 0), biasShape: [2, 3] },
      { bias: Float32Array.of(0, 0, -Infinity), biasShape: [1, 3] },
    ].map((more) => headVectors(zeros(2), zeros(3), more)) as [never, never];
    expect([0, 1].map((query) => seenKeys(header, own, query).join(""))).toEqual(["101", "011"]);
    expect([0, 1].map((query) => seenKeys(header, shared, query).join(""))).toEqual(["110", "110"]);
  });
});
