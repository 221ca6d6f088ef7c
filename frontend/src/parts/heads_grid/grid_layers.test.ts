import { expect, it } from "vitest";
import { headsInOrder } from "../../draw/grid";
import { gridLayers } from "./grid_layers";

const order = () => headsInOrder(2);
const layer = (kind: string, stack: string) => ({ name: "", kind, stack, heads: 2 });

it.each([
  ["an encoder", [layer("self", "encoder"), layer("self", "encoder")], ["", ""]],
  ["a model without stacks", [layer("self", ""), layer("self", "")], ["", ""]],
  [
    "an encoder-decoder",
    [layer("self", "encoder"), layer("self", "decoder"), layer("cross", "decoder")],
    ["Encoder", "Decoder", "Cross"],
  ],
  ["two towers", [layer("self", "vision"), layer("self", "text")], ["Vision", "Text"]],
])("groups the layers of %s", (_, shapes, groups) => {
  expect(gridLayers(shapes, order).map(({ group }) => group)).toEqual(groups);
});
