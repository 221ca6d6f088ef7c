/** Rows chosen along an axis ⇄ the range of tokens in the state. */

import { type TokenRange, tokenRange } from "../../state";
import type { MatrixSource } from "./use_matrix";

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
