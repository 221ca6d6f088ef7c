/** The chosen query of a head, with all keys → the picture of its columns as data, and its numbers. */

import type { Table, Value } from "../../text/csv";
import { papers, type Picture, type Shape } from "../../draw/picture";
import { makeRaster } from "../../draw/raster";
import type { Exported } from "../../saving/exported";
import { formatStep, formatWeight } from "../../text/format_number";
import type { Theme } from "../../state";
import { elide, isolated } from "../../text/tokens";
import type { Axis } from "../../parts/token_lines/axis";
import { columnsLayout } from "./columns_layout";
import type { NeuronNumbers } from "./neuron_numbers";
import { paintPicture } from "./picture";
import { largestOf } from "./query_numbers";
import type { ShownHead } from "./shown_head";

const ROW = 24;
const TOP = 76;
const EDGE = 16;
const TOKENS = 120;
const SCALE = 2;
const WIDTH = 1200;

const left = EDGE + TOKENS + 8;

function tokenShapes(axis: Axis, x: number, anchor: "start" | "end", chosen: number): Shape[] {
  return axis.rows.map(({ text, token, unseen }, row): Shape => {
    const y = TOP + (row + 0.5) * ROW + 4.5;
    const shown = unseen === true ? "" : isolated(elide(text, 18));
    return { kind: "text", x, y, text: shown, anchor, isBold: token === chosen };
  });
}

function pictureOf(
  { record, header, vectors }: ShownHead,
  found: NeuronNumbers,
  theme: Theme,
): Picture {
  const { axes, numbers, order } = found;
  const layout = columnsLayout(WIDTH, vectors.dimensions);
  const rows = Math.max(axes.query.rows.length, axes.key.rows.length);
  const raster = makeRaster(Math.round(layout.picture * SCALE), rows * ROW * SCALE);
  paintPicture(raster, {
    ...{ layout, axes, vectors, numbers, order, theme },
    largestQuery: largestOf(vectors.query),
    largestKey: largestOf(vectors.key),
    rowHeight: ROW,
    scrollTop: 0,
    scale: SCALE,
  });
  const right = left + layout.picture + 8;
  const { second, ...paper } = papers[theme];
  const head = (at: { x: number }, text: string): Shape => {
    return { kind: "text", x: left + at.x, y: TOP - 12, text, colour: second };
  };
  const weights = axes.key.rows.flatMap(({ token, unseen, off }, row): Shape[] => {
    if (unseen === true || off) return [];
    const text = formatWeight(numbers.stored[token]!);
    return [{ kind: "text", x: right, y: TOP + (row + 0.5) * ROW + 4.5, text, size: 12 }];
  });
  const number = header.head_numbers?.[vectors.head] ?? vectors.head;
  const title = `${record.tag}, step ${formatStep(record.step)}, layer ${vectors.layer}, head ${number}`;
  return {
    ...paper,
    width: right + 44 + TOKENS + EDGE,
    height: TOP + rows * ROW + EDGE,
    shapes: [
      { kind: "text", x: EDGE, y: 30, text: title, size: 16, isBold: true },
      head(layout.query, "query q"),
      head(layout.key, "key k"),
      head(layout.product, "q × k"),
      head(layout.sum, "q · k"),
      head(layout.softmax, "softmax"),
      { kind: "cells", x: left, y: TOP, width: layout.picture, height: rows * ROW, raster },
      ...tokenShapes(axes.query, left - 8, "end", numbers.query),
      ...weights,
      ...tokenShapes(axes.key, right + 44, "start", found.key ?? -1),
    ],
  };
}

/** One line a key of the chosen query; keys that it does not see have weight 0 and no other number. */
function tableOf({ record, vectors }: ShownHead, { axes, numbers }: NeuronNumbers): Table {
  const { dimensions } = vectors;
  const places = Array.from({ length: dimensions }, (_, dimension) => dimension);
  const asked = axes.query.rows.find(({ token }) => token === numbers.query)!;
  function* lines(): Generator<Value[]> {
    for (const { token, raw } of axes.key.rows)
      yield [
        ...[record.step, vectors.layer, vectors.head, numbers.query, token, asked.raw, raw],
        ...[numbers.sums[token]!, numbers.scores[token]!, numbers.recomputed[token]!],
        numbers.stored[token]!,
        ...places.map((at) => vectors.query[numbers.query * dimensions + at]!),
        ...places.map((at) => vectors.key[token * dimensions + at]!),
        ...places.map((at) => numbers.products[token * dimensions + at]!),
      ];
  }
  const named = ["q", "k", "qk"].flatMap((name) => places.map((at) => `${name}_${at}`));
  const first = ["step", "layer", "head", "query", "key", "query_token", "key_token"];
  const sums = ["q_dot_k", "score", "softmax", "weight"];
  return { columns: [...first, ...sums, ...named], rows: { [Symbol.iterator]: lines } };
}

export function neuronExport(shown: ShownHead, found: NeuronNumbers, theme: Theme): Exported {
  return { picture: pictureOf(shown, found, theme), marks: [], table: tableOf(shown, found) };
}
