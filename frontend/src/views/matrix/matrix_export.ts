/** The matrix of one head → its picture as data, and its numbers. */

import { scaleColours } from "../../draw/colour";
import { drawMatrix } from "../../draw/matrix";
import { moveShape, papers, type Picture, type Shape } from "../../draw/picture";
import { makeRaster, type Raster } from "../../draw/raster";
import { legendTable, scaleTable } from "../../draw/times_uniform";
import type { Exported } from "../../saving/exported";
import { type ColourScale, layerQuantityText, numbers, type Theme } from "../../state";
import type { Table, Value } from "../../text/csv";
import { timesOfScale } from "../../text/times";
import { elide, isolated } from "../../text/tokens";
import { weightsTable } from "../../parts/token_lines/weights_csv";
import type { Axis } from "../../parts/token_lines/axis";
import { LABEL_PITCH, labelled } from "./layout";
import { type MatrixSource, weightIn } from "./use_matrix";
import { NUMBER_CELL, writtenNumbers } from "./written_numbers";
import { layerName } from "../../text/layer_names";
import { formatStep } from "../../text/format_number";

const EDGE = 16;
export const LABELS = 120;
const TOP = 48 + LABELS;
const LARGEST_CELL = 24;
const LARGEST_SIDE = 1024;
/** Pixels a side beyond which the largest weights of several cells share one. */
const MOST_PIXELS = 2048;

interface Size {
  width: number;
  height: number;
}

function sizeOf(rows: number, columns: number): Size {
  const cell = Math.min(LARGEST_CELL, LARGEST_SIDE / Math.max(rows, columns));
  return { width: columns * cell, height: rows * cell };
}

function cellsOf({ pyramid }: MatrixSource, colours: Uint32Array): Raster {
  const { rows, columns } = pyramid[0]!;
  const raster = makeRaster(Math.min(columns, MOST_PIXELS), Math.min(rows, MOST_PIXELS));
  const across = { start: 0, cellsPerPixel: columns / raster.width };
  drawMatrix(raster, pyramid, across, { start: 0, cellsPerPixel: rows / raster.height }, colours);
  return raster;
}

/** Beside and above cells whose left upper corner is at 0, 0. */
export function axisLabels({ rows }: Axis, side: "query" | "key", length: number): Shape[] {
  const pitch = length / rows.length;
  const named = labelled({ start: 0, pitch, length, count: rows.length }, []);
  const size = pitch < LABEL_PITCH ? 10 : 12;
  return named.map((at): Shape => {
    const [text, middle] = [isolated(elide(rows[at]!.text, 18)), (at + 0.5) * pitch];
    if (side === "query") return { kind: "text", x: -8, y: middle + 4, text, anchor: "end", size };
    return { kind: "text", x: middle + 4, y: -8, text, turned: -90, size };
  });
}

/** The cells of one head under its title, with the tokens beside and above. */
export function headPicture(
  { record, weights, name, axes }: MatrixSource,
  raster: Raster,
  { width, height }: Size,
  theme: Theme,
): Picture {
  const title = `${record.tag}, step ${formatStep(record.step)}, ${layerName(record.layers, weights.layer).toLowerCase()}, ${name.toLowerCase()}`;
  return {
    ...papers[theme],
    width: Math.max(480, EDGE + LABELS + width + EDGE),
    height: TOP + height + EDGE,
    shapes: [
      { kind: "text", x: EDGE, y: 30, text: title, size: 16, isBold: true },
      { kind: "cells", x: EDGE + LABELS, y: TOP, width, height, raster },
      ...[...axisLabels(axes.query, "query", height), ...axisLabels(axes.key, "key", width)].map(
        (shape) => moveShape(shape, EDGE + LABELS, TOP),
      ),
    ],
  };
}

const scaleTexts: Readonly<Record<ColourScale, string>> = {
  root: ", coloured by its root",
  linear: "",
  uniform: ", times uniform",
};

/** Over the cells of the picture, as on the screen; none where cells are too small or numbers are off. */
function numberShapes(
  source: MatrixSource,
  colours: Uint32Array,
  { width, height }: Size,
): Shape[] {
  const { rows, columns } = source.pyramid[0]!;
  const [across, down] = [width / columns, height / rows];
  if (!numbers.peek() || Math.min(across, down) < NUMBER_CELL) return [];
  const range = { rows: [0, rows], columns: [0, columns] } as const;
  const written = writtenNumbers(
    source.pyramid,
    colours,
    (row, column) => weightIn(source, { row, column }),
    range,
  );
  return Array.from(written, ({ row, column, text, ink }) => ({
    kind: "text",
    x: EDGE + LABELS + (column + 0.5) * across,
    y: TOP + (row + 0.5) * down + 3.5,
    text,
    colour: ink,
    size: 10,
    anchor: "middle",
  }));
}

export function matrixExport(source: MatrixSource, theme: Theme, scale: ColourScale): Exported {
  const { record, weights, head, name, axes, pyramid } = source;
  const size = sizeOf(pyramid[0]!.rows, pyramid[0]!.columns);
  const cellColours = scaleTable(theme, scale, weights.keys);
  const bare = headPicture(source, cellsOf(source, cellColours), size, theme);
  const written = numberShapes(source, cellColours, size);
  const picture = { ...bare, shapes: [...bare.shapes, ...written] };
  const table = weightsTable({
    step: record.step,
    weights,
    heads: [{ head, name: name.replace(/^Head /, "") }],
    axes,
  });
  const shown = layerQuantityText.peek();
  const colours = scaleColours(legendTable(theme, scale));
  const [from, , to] = scale === "uniform" ? timesOfScale(weights.keys) : ["0", "", "1"];
  const numbered = written.length > 0 ? "; numbers from .10" : "";
  const text = `${shown}${scaleTexts[scale]}${numbered}`;
  return { picture, marks: [{ kind: "scale", colours, from, to, text }], table };
}

/** The cells as they stand: a row of keys for each query. */
export function matrixTable({ weights, head, axes }: MatrixSource): Table {
  const keys = axes.key.rows.map(({ token, raw }) => `${token} ${raw}`);
  function* rows(): Generator<Value[]> {
    const row = new Float32Array(weights.keys);
    for (const { token, raw } of axes.query.rows) {
      weights.readRow(head, token, row);
      yield [`${token} ${raw}`, ...axes.key.rows.map((key) => row[key.token]!)];
    }
  }
  return { columns: ["query", ...keys], rows: { [Symbol.iterator]: rows } };
}
