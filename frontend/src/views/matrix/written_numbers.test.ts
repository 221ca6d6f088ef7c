import { expect, it } from "vitest";

import { LayerWeights } from "../../decoding/decode";
import { buildPyramid, headCodes } from "../../draw/pyramid";
import { scaleTable } from "../../draw/times_uniform";
import { writtenNumbers } from "./written_numbers";

const values = Float32Array.of(0.95, 0.05, 0.1, 0.9);
const weights = new LayerWeights(0, 1, 2, 2, "float32", Float32Array.of(0.95, 0.9), null, values);
const tokens = Int32Array.of(0, 1);
const pyramid = buildPyramid(headCodes(weights, 0, tokens, tokens));
const colours = scaleTable("light", "root", 2);
const whole = { rows: [0, 2], columns: [0, 2] } as const;
const weightOf = (row: number, column: number) => weights.weight(0, row, column);

it("writes weights from .10 on, each in an ink that is read on its cell", () => {
  const written = [...writtenNumbers(pyramid, colours, weightOf, whole)];
  expect(written.map(({ row, column, text }) => [row, column, text])).toEqual([
    [0, 0, ".95"],
    [1, 0, ".10"],
    [1, 1, ".90"],
  ]);
  const [dark, pale] = written.map(({ ink }) => ink);
  expect(dark).not.toBe(pale);
});

it("writes what is in view alone", () => {
  const written = [...writtenNumbers(pyramid, colours, weightOf, { ...whole, rows: [1, 2] })];
  expect(written.map(({ text }) => text)).toEqual([".10", ".90"]);
});
