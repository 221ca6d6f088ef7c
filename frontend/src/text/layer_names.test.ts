import { expect, it } from "vitest";

import { layerName, layerNumber, layerShort } from "./layer_names";

const self = { kind: "self", stack: "" };
const encoder = { kind: "self", stack: "encoder" };
const decoder = { kind: "self", stack: "decoder" };
const cross = { kind: "cross", stack: "decoder" };
/** As an encoder and decoder call them. */
const both = [encoder, encoder, encoder, decoder, cross, decoder, cross, decoder, cross];

it("layers of an encoder and decoder are counted within stack and kind, not by their calls", () => {
  expect(both.map((_, at) => layerNumber(both, at))).toEqual([0, 1, 2, 0, 0, 1, 1, 2, 2]);
  expect([2, 5, 6].map((at) => layerName(both, at))).toEqual([
    "Encoder layer 2",
    "Decoder layer 1",
    "Cross layer 1",
  ]);
  expect([2, 5, 6].map((at) => layerShort(both, at))).toEqual(["E2", "D1", "C1"]);
});

it("of one sort they are layers by number", () => {
  expect([layerName([self, self], 1), layerShort([self, self], 1)]).toEqual(["Layer 1", "1"]);
  expect([layerName(undefined, 4), layerShort([], 4)]).toEqual(["Layer 4", "4"]);
});
