import { describe, expect, test } from "vitest";
import type { LayerHeader } from "../../state";
import { layerGroups, sameDepth } from "./layer_groups";

const layer = (kind: "self" | "cross", stack: string) => ({ kind, stack }) as LayerHeader;

describe("layer_groups", () => {
  test("one stack is one group", () => {
    expect(layerGroups([layer("self", ""), layer("self", "")])).toEqual([
      { id: "Self", name: "Self", layers: [0, 1] },
    ]);
  });

  test("encoder, decoder and cross layers are parted, and switching keeps the depth", () => {
    const groups = layerGroups([
      layer("self", "encoder"),
      layer("self", "encoder"),
      layer("self", "decoder"),
      layer("cross", "decoder"),
      layer("self", "decoder"),
      layer("cross", "decoder"),
    ]);
    expect(groups.map(({ name, layers }) => [name, layers])).toEqual([
      ["Encoder", [0, 1]],
      ["Decoder", [2, 4]],
      ["Cross", [3, 5]],
    ]);
    expect(sameDepth(groups[0], groups[2]!, 1)).toBe(5);
    expect(sameDepth(groups[0], { id: "x", name: "x", layers: [7] }, 1)).toBe(7);
  });
});
