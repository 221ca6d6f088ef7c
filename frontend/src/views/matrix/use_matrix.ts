/** Loaded weights and the state → the one head that is shown: its cells as a pyramid, its tokens, numbers and place. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { buildPyramid, headCodes, type Pyramid } from "../../draw/pyramid";
import {
  drawnHead,
  drawnHeads,
  headSummary,
  hoverKey,
  hoverQuery,
  key,
  metrics,
  query,
  shownMetric,
  type RecordHeader,
} from "../../state";
import type { Axis, LayerAxes } from "../../parts/token_lines/axis";
import { summarised } from "../../parts/token_lines/project";
import { placeOf, type ShownText, tokenAt, useShownText } from "../../parts/token_lines/shown_text";
import type { Cell } from "./viewport";

export interface MatrixSource {
  record: RecordHeader;
  text: ShownText;
  axes: LayerAxes;
  weights: LayerWeights;
  /** Index in the weights. */
  head: number;
  /** "Head 3", "Mean over 12 heads". */
  name: string;
  pyramid: Pyramid;
}

/** Token of each row; −1 where it is muted or outside the sentence filter. */
function drawnTokens({ rows }: Axis): Int32Array {
  return Int32Array.from(rows, (row) => (row.off ? -1 : row.token));
}

/** The chosen head, or one made of all that are shown. */
function useOneHead(weights: LayerWeights, names: readonly string[]) {
  const summary = weights.heads === 1 ? "none" : headSummary.value;
  const heads = drawnHeads(weights);
  const made = useMemo(
    () => (summary === "none" ? null : summarised(weights, heads, summary)),
    [weights, summary, heads.join()],
  );
  if (made !== null) {
    const word = summary === "mean" ? "Mean" : "Max";
    return { weights: made, head: 0, name: `${word} over ${heads.length} heads` };
  }
  const one = drawnHead(weights);
  return { weights, head: one, name: `Head ${names[one] ?? one}` };
}

export function useMatrix(
  record: RecordHeader,
  loaded: LayerWeights,
  names: readonly string[],
): MatrixSource {
  const one = useOneHead(loaded, names);
  const text = useShownText(record, one.weights, null);
  const { axes, weights } = text;
  const pyramid = useMemo(
    () =>
      buildPyramid(headCodes(weights, one.head, drawnTokens(axes.query), drawnTokens(axes.key))),
    [weights, one.head, axes],
  );
  return { record, text, axes, weights, head: one.head, name: one.name, pyramid };
}

function rowAt({ rowOf }: Axis, place: number | null): number | null {
  const row = place === null ? -1 : (rowOf[place] ?? -1);
  return row < 0 ? null : row;
}

/** The cell of a query and a key token; null when one of them is not shown. */
export function cellOf(
  { text, axes }: MatrixSource,
  tokens: { query: number | null; key: number | null },
): Cell | null {
  const row = rowAt(axes.query, placeOf(text, "query", tokens.query));
  const column = rowAt(axes.key, placeOf(text, "key", tokens.key));
  return row === null || column === null ? null : { row, column };
}

/** The tokens that cross in a cell. */
export function tokensOf(
  { text, axes }: MatrixSource,
  { row, column }: Cell,
): { query: number; key: number } {
  return {
    query: tokenAt(text, "query", axes.query.rows[row]!.token)!,
    key: tokenAt(text, "key", axes.key.rows[column]!.token)!,
  };
}

/** The weight in a cell. */
export function weightIn({ axes, weights, head: at }: MatrixSource, cell: Cell): number {
  return weights.weight(at, axes.query.rows[cell.row]!.token, axes.key.rows[cell.column]!.token);
}

/** The query that a tracked pair in view follows. */
function trackedQuery(list: string): number | null {
  const track = metrics.value?.evolution?.track ?? [];
  const pair = track.find(({ name, axes }) => name === shownMetric.value && axes[0] === list);
  return pair?.queries[0] ?? null;
}

/** While none is pointed at or chosen: the strongest of the pinned query's row, else of the tracked or the last one's. */
export function firstCell(source: MatrixSource): Cell | null {
  const { record, text, axes, weights, head } = source;
  const list = record.layers[weights.layer]!.query_tokens;
  const wanted = query.value ?? trackedQuery(list);
  const words = axes.query.rows.flatMap(({ special, off }, at) => (special || off ? [] : [at]));
  const row = rowAt(axes.query, placeOf(text, "query", wanted)) ?? words.at(-1) ?? 0;
  const token = axes.query.rows[row]?.token;
  if (token === undefined) return null;
  let [column, most] = [-1, -1];
  axes.key.rows.forEach(({ token: key, off }, at) => {
    const weight = off ? NaN : weights.weight(head, token, key);
    if (weight > most) [column, most] = [at, weight];
  });
  return column === -1 ? null : { row, column };
}

/** Pointed and selected cell, and the one that is spoken of: the pointed one first. */
export function useCells(
  source: MatrixSource,
): Record<"pointed" | "selected" | "shown", Cell | null> {
  const pointed = cellOf(source, { query: hoverQuery.value, key: hoverKey.value });
  const selected = cellOf(source, { query: query.value, key: key.value });
  return { pointed, selected, shown: pointed ?? selected };
}
