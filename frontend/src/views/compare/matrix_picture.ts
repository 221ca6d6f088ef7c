/** The chosen head in both records → the cells of B − A with the tokens beside and above, and their numbers, as shapes. */

import { divergingTable, inkOn, rgbOfPixel } from "../../draw/colour";
import { differenceTable } from "../../draw/differences";
import { moveShape, type Shape } from "../../draw/picture";
import { hideBelow, rawTokens, theme } from "../../state";
import { axesOf } from "../../parts/token_lines/axis";
import { LEAST_NUMBER, ROOM_FOR_NUMBER } from "../../parts/token_matrix/matrix_sizes";
import { formatCell } from "../../text/format_number";
import { axisLabels, LABELS } from "../matrix/matrix_export";
import { differenceCodes } from "./change_matrix";
import type { Pair } from "./chosen_pair";

const CELL = 24;
const SIDE = 560;

export interface MatrixPicture {
  readonly shapes: readonly Shape[];
  readonly width: number;
  readonly height: number;
  readonly hasNumbers: boolean;
}

/** The sign is the cell's colour; "" where a difference is small, or is not drawn. */
export function differenceText(difference: number, hidden: number): string {
  const size = Math.abs(difference);
  return size >= Math.max(LEAST_NUMBER, hidden) ? formatCell(size) : "";
}

/** In the middle of each cell whose left upper corner is at 0, 0. */
function numberShapes({ first, second, head }: Pair, cell: number, pixels: Uint32Array): Shape[] {
  const { queries, keys } = second;
  return Array.from({ length: queries * keys }, (_, at) => at).flatMap((at): Shape[] => {
    const [row, column] = [Math.floor(at / keys), at % keys];
    const change = second.weight(head, row, column) - first.weight(head, row, column);
    const text = differenceText(change, hideBelow.value);
    if (text === "") return [];
    const place = { x: (column + 0.5) * cell, y: (row + 0.5) * cell + 3.5 };
    const colour = inkOn(rgbOfPixel(pixels[at]!));
    return [{ kind: "text", ...place, text, colour, size: 10, anchor: "middle" }];
  });
}

export function matrixPicture(pair: Pair): MatrixPicture {
  const { header, second } = pair;
  const { queries, keys, layer } = second;
  const axes = axesOf(header, layer, "show", "all", { raw: rawTokens.value });
  const cell = Math.min(CELL, SIDE / Math.max(queries, keys));
  const [width, height] = [keys * cell, queries * cell];
  const colours = differenceTable(divergingTable(theme.value), hideBelow.value);
  const pixels = Uint32Array.from(differenceCodes(pair), (code) => colours[code]!);
  const raster = { width: keys, height: queries, pixels };
  const written = cell < ROOM_FOR_NUMBER ? [] : numberShapes(pair, cell, pixels);
  const around = [
    ...axisLabels(axes.query, "query", height),
    ...axisLabels(axes.key, "key", width),
  ];
  return {
    shapes: [
      { kind: "cells", x: LABELS, y: LABELS, width, height, raster },
      ...[...around, ...written].map((shape) => moveShape(shape, LABELS, LABELS)),
    ],
    width: LABELS + width,
    height: LABELS + height,
    hasNumbers: written.length > 0,
  };
}
