/** The chosen head of a short text → its matrix with the tokens' names and numbers. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { sequentialTable } from "../../draw/colour";
import {
  hoverKey,
  hoverQuery,
  isContribution,
  query,
  rawTokens,
  type RecordHeader,
  sentenceFilter,
  specials,
  theme,
} from "../../state";
import { axesOf, type LayerAxes } from "../../parts/token_lines/axis";
import { strongestToken } from "../../parts/token_lines/focus_weights";
import { LEAST_NUMBER, matrixSizes, type MatrixSizes } from "../../parts/token_matrix/matrix_sizes";
import { TokenMatrix, type MatrixValues } from "../../parts/token_matrix/token_matrix";
import { formatCell } from "../../text/format_number";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { layout } from "./scene";
import { lookingToken } from "./sentence";

/** Of a panel that has its metrics beside the matrix, not under it. */
const WIDE_PANEL = 664;
/** CSS pixels of cells: the height that all of them may have in any case, and what stands around them in the view. */
const HEIGHT = { least: 396, around: { wide: 230, narrow: 500 } } as const;
/** Of a cell: in any case, and where the view leaves it. */
const CELL = { usual: 24, narrow: 44, wide: 56 } as const;

export function useHeadAxes(record: RecordHeader, layer: number): LayerAxes {
  return useMemo(
    () => axesOf(record, layer, specials.value, sentenceFilter.value, { raw: rawTokens.value }),
    [record, layer, specials.value, sentenceFilter.value, rawTokens.value],
  );
}

/** null: too long a text for names and numbers in this width. */
export function headMatrixSizes(axes: LayerAxes, width: number): MatrixSizes | null {
  const kind = layout.value.panel >= WIDE_PANEL ? "wide" : "narrow";
  const left = viewSize.value.height - HEIGHT.around[kind];
  const roomy = Math.min(CELL[kind], left / axes.query.rows.length);
  return matrixSizes(axes, {
    width,
    height: kind === "wide" ? Math.max(HEIGHT.least, left) : HEIGHT.least,
    largest: Math.max(CELL.usual, roomy),
    mayBeThin: true,
  });
}

/** Of every query and key of one head. */
export function valuesOf(weights: LayerWeights, head: number): Float32Array {
  const { queries, keys } = weights;
  const values = new Float32Array(queries * keys);
  for (let row = 0; row < queries; row++)
    weights.readRow(head, row, values.subarray(row * keys, (row + 1) * keys));
  return values;
}

export const weightText = (value: number): string =>
  value >= LEAST_NUMBER ? formatCell(value) : "";

export function weightPixel(table: Uint32Array): (value: number) => number {
  return (value) => table[Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, value || 0))))]!;
}

export interface HeadMatrixProps {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly head: number;
  readonly axes: LayerAxes;
  readonly sizes: MatrixSizes;
}

export function HeadMatrix({ record, weights, head, axes, sizes }: HeadMatrixProps) {
  const of = useMemo((): MatrixValues => {
    const { queries, keys } = weights;
    const pixel = weightPixel(sequentialTable(theme.value));
    return { queries, keys, values: valuesOf(weights, head), pixel, text: weightText };
  }, [weights, head, theme.value]);
  const at = lookingToken(record, weights).query;
  const row = of.values.subarray(at * of.keys, (at + 1) * of.keys);
  const what = isContribution.value ? "Contribution" : "Attention";
  return (
    <TokenMatrix
      {...{ of, axes, sizes }}
      hasRowNames
      label={`${what} matrix of layer ${weights.layer} head ${head}`}
      query={at}
      key_={hoverKey.value ?? strongestToken(row)}
      pinned={query.value}
      hovered={hoverQuery.value}
    />
  );
}
