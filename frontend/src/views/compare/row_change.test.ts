import { describe, expect, it } from "vitest";

import { rowChange } from "./row_change";

describe("what a query's weights did", () => {
  it("is the key that moved most, and those that went the other way", () => {
    const found = rowChange(Float32Array.of(0.5, 0.25, 0.25, 0), Float32Array.of(0, 0.5, 0.3, 0.2));
    expect(found?.most).toMatchObject({ key: 0, before: 0.5, after: 0, change: -0.5 });
    expect(found?.others.map(({ key }) => key)).toEqual([1, 3, 2]);
  });

  it("is nothing where no number would differ", () => {
    expect(rowChange(Float32Array.of(0.5, 0.5), Float32Array.of(0.501, 0.499))).toBeNull();
  });
});
