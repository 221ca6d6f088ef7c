import { expect, it } from "vitest";

import type { LayerHeader } from "../decoding/answers";
import { modelCounts } from "./model_counts";

const layer = (name: string, heads: number, model_heads?: number): LayerHeader =>
  ({ name, heads, ...(model_heads === undefined ? {} : { model_heads }) }) as LayerHeader;
const model_layers = { count: 32, unseen: 0 };

it.each([
  ["heads of a layer", [layer("a", 8, 8), layer("b", 8, 8)], "8 of 8 heads, 2 of 32 layers"],
  ["fewer than the model has", [layer("a", 4, 8)], "4 of 8 heads, 1 of 32 layers"],
  ["of all where they differ", [layer("a", 4, 4), layer("b", 8)], "12 of 12 heads, 2 of 32 layers"],
  ["two maps of one module", [layer("a", 8), layer("a", 8)], "8 of 8 heads, 1 of 32 layers"],
])("%s", (_, layers, expected) => {
  expect(modelCounts({ layers, model_layers })).toBe(expected);
});

it("nothing where the model's layers are not known", () => {
  expect(modelCounts({ layers: [layer("a", 8)] })).toBeNull();
});
