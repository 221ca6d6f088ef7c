/** Rows chosen along an axis ⇄ the range of tokens in the state. */

import { batch } from "@preact/signals";

import { type PairPattern, type TokenRange, tokenRange } from "../../state";
import type { MatrixSource } from "./use_matrix";
import type { Cell } from "./viewport";

type Side = "query" | "key";
type Span = readonly [first: number, end: number];

const other = { query: "key", key: "query" } as const;

/** Tokens [first, end) of rows first to last. */
function tokensOfRows({ text, axes }: MatrixSource, side: Side, first: number, last: number): Span {
  const { starts } = text.groups[side];
  const { rows } = axes[side];
  return [starts[rows[first]!.token]!, starts[rows[last]!.token + 1]!];
}

const same = (a: Span, b: Span): boolean => a[0] === b[0] && a[1] === b[1];

/** Both sides are the same text, so that a range of one is a range of the other. */
function isOneText({ record, weights }: MatrixSource): boolean {
  const header = record.layers[weights.layer]!;
  return header.query_tokens === header.key_tokens;
}

/**
 * The next range. Where both sides are one text their ranges move together, until one side is
 * chosen `alone`; the other side of two texts is whole at first.
 */
export function nextRange(
  source: MatrixSource,
  before: TokenRange | null,
  { side, first, last, alone }: { side: Side; first: number; last: number; alone: boolean },
): TokenRange {
  const span = tokensOfRows(source, side, first, last);
  const together =
    isOneText(source) && !alone && (before === null || same(before.query, before.key));
  const rest: Span = together
    ? span
    : (before?.[other[side]] ?? [0, source.text.groups[other[side]].tokens]);
  return side === "query" ? { query: span, key: rest } : { query: rest, key: span };
}

export function chooseRows(
  source: MatrixSource,
  side: Side,
  [first, last]: readonly [number, number],
  alone = false,
): void {
  tokenRange.value = nextRange(source, tokenRange.value, { side, first, last, alone });
}

/** The rectangle between two cells, both inside. */
export function chooseRegion(source: MatrixSource, from: Cell, to: Cell): void {
  const rows = [Math.min(from.row, to.row), Math.max(from.row, to.row)] as const;
  const columns = [Math.min(from.column, to.column), Math.max(from.column, to.column)] as const;
  batch(() => {
    chooseRows(source, "query", rows, true);
    chooseRows(source, "key", columns, true);
  });
}

/** The range as a pattern to find: each of its queries, all of its keys. */
export function regionPattern({ record, weights }: MatrixSource, range: TokenRange): PairPattern {
  const { query_tokens, key_tokens } = record.layers[weights.layer]!;
  const positions = ([first, end]: Span, count: number): number[] =>
    Array.from({ length: Math.max(0, Math.min(end, count) - first) }, (_, i) => first + i);
  const isAlike = record.layers.every(
    (layer) => layer.query_tokens === query_tokens && layer.key_tokens === key_tokens,
  );
  return {
    query: positions(range.query, weights.queries),
    key: positions(range.key, weights.keys),
    axes: isAlike ? null : [query_tokens, key_tokens],
  };
}

/** Rows [first, end) of the range along an axis; null without one. */
export function rowsInRange(
  { text, axes }: MatrixSource,
  range: TokenRange | null,
  side: Side,
): Span | null {
  if (range === null) return null;
  const { starts } = text.groups[side];
  const inside = [...axes[side].rows.keys()].filter((row) => {
    const group = axes[side].rows[row]!.token;
    return starts[group]! < range[side][1] && starts[group + 1]! > range[side][0];
  });
  return inside.length === 0 ? null : [inside[0]!, inside.at(-1)! + 1];
}
