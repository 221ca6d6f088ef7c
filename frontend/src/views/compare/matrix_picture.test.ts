import { beforeEach, expect, it } from "vitest";

import { LayerWeights } from "../../decoding/decode";
import { divergingTable } from "../../draw/colour";
import { differenceCode, differenceTable } from "../../draw/differences";
import { papers, type CellsShape, type TextShape } from "../../draw/picture";
import { toSvg } from "../../draw/svg";
import { hideBelow, theme, type RecordHeader } from "../../state";
import { formatCell } from "../../text/format_number";
import type { Pair } from "./chosen_pair";
import { matrixPicture } from "./matrix_picture";

const TOKENS = ["she", "was", "late", "."];
/** [head, query, key], the second head is the chosen one. */
const BEFORE = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0.25, 0.25, 0.25, 0.25, 1, 0, 0, 0, 0.5, 0.5, 0, 0, 0.1, 0.2, 0.3, 0.4],
];
const AFTER = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
  [0.9, 0.05, 0.04, 0.01, 0, 1, 0, 0, 0.45, 0.55, 0, 0, 0.1, 0.2, 0.3, 0.4],
];

function weightsOf(values: readonly (readonly number[])[]): LayerWeights {
  return new LayerWeights(
    0,
    2,
    4,
    4,
    "float32",
    new Float32Array(8),
    null,
    new Float32Array(values.flat()),
  );
}

const layer = {
  kind: "self",
  query_tokens: "tokens",
  key_tokens: "tokens",
  queries: 4,
  keys: 4,
  heads: 2,
};
const header = {
  tokens: { tokens: TOKENS },
  special: {},
  layers: [layer],
  sentence_b_start: null,
} as unknown as RecordHeader;
const pair: Pair = { header, first: weightsOf(BEFORE), second: weightsOf(AFTER), head: 1 };

const CELL = 24;
const changes = AFTER[1]!.map((after, at) => after - BEFORE[1]![at]!);

function parts() {
  const { shapes, ...of } = matrixPicture(pair);
  const cells = shapes.find((shape): shape is CellsShape => shape.kind === "cells")!;
  const numbers = shapes.filter(
    (shape): shape is TextShape => shape.kind === "text" && shape.anchor === "middle",
  );
  return { shapes, cells, numbers, of };
}

beforeEach(() => {
  theme.value = "light";
  hideBelow.value = 0.01;
});

it("has in each cell the colour of B − A, of the record's own numbers", () => {
  const { cells } = parts();
  const table = differenceTable(divergingTable("light"), 0.01);
  expect([...cells.raster.pixels]).toEqual(changes.map((each) => table[differenceCode(each)]));
});

it("writes each difference from .10 on into its cell, and no other", () => {
  const { cells, numbers, of } = parts();
  const written = numbers.map(({ x, y, text }) => {
    const [column, row] = [(x - cells.x) / CELL - 0.5, (y - 3.5 - cells.y) / CELL - 0.5];
    return [Math.round(row) * 4 + Math.round(column), text];
  });
  const wanted = changes.flatMap((each, at) =>
    Math.abs(each) < 0.095 ? [] : [[at, formatCell(Math.abs(each))]],
  );
  expect(written).toEqual(wanted);
  expect(wanted).toContainEqual([0, ".65"]);
  expect(wanted).toContainEqual([4, "1"]);
  expect(of.hasNumbers).toBe(true);
});

it("writes no number of a difference that is not drawn", () => {
  hideBelow.value = 0.5;
  expect(parts().numbers.map(({ text }) => text)).toEqual([".65", "1", "1"]);
});

it("is a file whose texts are the numbers", async () => {
  const { shapes, numbers, of } = parts();
  const svg = await toSvg({ ...papers.light, ...of, shapes });
  const texts = [...svg.matchAll(/<text [^>]*text-anchor="middle"[^>]*>([^<]*)</g)];
  expect(texts.map(([, text]) => text)).toEqual(numbers.map(({ text }) => text));
  expect(svg.match(/<text /g)).toHaveLength(numbers.length + 2 * TOKENS.length);
});
