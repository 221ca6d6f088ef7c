import { describe, expect, test } from "vitest";
import type { RecordHeader } from "../state";
import { faultLines } from "./fault_lines";

const record = {
  faults: [
    { layer: 1, heads: [2], fault: "nan" },
    { layer: 1, heads: [0, 1], fault: "something new" },
    { layer: 3, heads: [0], fault: "nan" },
    { layer: 1, heads: [], fault: "fewer_layers" },
  ],
} as unknown as RecordHeader;

describe("fault_lines", () => {
  test("each fault of the layer names its heads by the model's numbers", () => {
    expect(faultLines(record, 1, ["4", "8", "9"])).toEqual([
      "Head 9: weights that are not numbers; nothing is drawn for them.",
      "Heads 4, 8: something new.",
    ]);
  });

  test("a layer without faults has no line", () => {
    expect(faultLines(record, 0, ["0"])).toEqual([]);
  });
});
