/** Tokens of one side of a layer, and what is filtered → rows of a column. */

import type { RecordHeader, SentenceFilter, Specials, TokenList } from "../../state";
import { displayTokens, visibleText } from "../../text/tokens";
import { joinPieces } from "../../text/words";
import type { TokenGroups } from "./token_groups";

export type Sentence = "A" | "B";

export interface AxisRow {
  /** Position in the list of tokens, or of groups of tokens. */
  token: number;
  /** As shown, and as logged. */
  text: string;
  raw: string;
  special: boolean;
  sentence: Sentence | null;
  /** Greyed and without lines: muted, or outside the sentence filter. */
  off: boolean;
  /** The mask hides it from the query at hand: its place stays empty. */
  unseen?: boolean;
}

export interface Axis {
  rows: readonly AxisRow[];
  /** Row of each token; -1 for a hidden one. */
  rowOf: Int32Array;
  /** Tokens without a row or with a row that is off, by the reason. */
  filtered: readonly number[];
  silenced: readonly number[];
}

export interface AxisOptions {
  specials: Specials;
  /** Keep only this sentence. */
  only: Sentence | null;
  /** What is shown as one token; every token by itself without it. */
  groups?: TokenGroups | undefined;
  /** As logged, markers and all. */
  raw?: boolean;
}

interface Piece {
  first: number;
  logged: string;
  special: boolean;
}

function piecesOf(
  tokens: readonly string[],
  special: ReadonlySet<number>,
  groups: TokenGroups | undefined,
): Piece[] {
  if (groups === undefined)
    return tokens.map((logged, first) => ({ first, logged, special: special.has(first) }));
  return Array.from({ length: groups.count }, (_, group) => {
    const [first, end] = [groups.starts[group]!, groups.starts[group + 1]!];
    const logged = joinPieces(tokens.slice(first, end));
    return { first, logged, special: special.has(first) };
  });
}

function sentenceOf(start: number | null, token: number): Sentence | null {
  if (start === null) return null;
  return token < start ? "A" : "B";
}

export function makeAxis(
  tokens: readonly string[],
  special: ReadonlySet<number>,
  sentenceStart: number | null,
  { specials, only, groups, raw = false }: AxisOptions,
): Axis {
  const pieces = piecesOf(tokens, special, groups);
  const logged = pieces.map((piece) => piece.logged);
  const texts = raw ? logged.map(visibleText) : displayTokens(logged);
  const rows: AxisRow[] = [];
  const rowOf = new Int32Array(pieces.length).fill(-1);
  const filtered: number[] = [];
  const silenced: number[] = [];
  pieces.forEach((piece, token) => {
    const sentence = sentenceOf(sentenceStart, piece.first);
    const out = only !== null && sentence !== only;
    const silent = specials !== "show" && piece.special;
    if (out) filtered.push(token);
    else if (silent) silenced.push(token);
    if (specials === "hide" && piece.special) return;
    rowOf[token] = rows.length;
    rows.push({
      token,
      text: texts[token]!,
      raw: visibleText(piece.logged),
      special: piece.special,
      sentence,
      off: out || silent,
    });
  });
  return { rows, rowOf, filtered, silenced };
}

/** Sentence that a filter keeps on either side. */
export function sentencesOf(filter: SentenceFilter): Record<"query" | "key", Sentence | null> {
  if (filter === "all") return { query: null, key: null };
  const [query, key] = filter.toUpperCase() as unknown as [Sentence, Sentence];
  return { query, key };
}

/** A sentence pair is filtered by sentence only where both sides are that pair. */
export function hasSentences(record: RecordHeader, layer: number): boolean {
  const header = record.layers[layer];
  return (
    record.sentence_b_start !== null &&
    header?.query_tokens === "tokens" &&
    header.key_tokens === "tokens"
  );
}

export interface LayerAxes {
  query: Axis;
  key: Axis;
}

export interface AxesText {
  groups?: Record<"query" | "key", TokenGroups> | undefined;
  raw?: boolean;
}

export function axesOf(
  record: RecordHeader,
  layer: number,
  specials: Specials,
  filter: SentenceFilter,
  { groups, raw }: AxesText = {},
): LayerAxes {
  const header = record.layers[layer]!;
  const paired = hasSentences(record, layer);
  const only = sentencesOf(paired ? filter : "all");
  const side = (which: "query" | "key"): Axis => {
    const list: TokenList = header[`${which}_tokens`];
    return makeAxis(
      record.tokens[list] ?? record.tokens.tokens,
      new Set(record.special[list] ?? []),
      paired ? record.sentence_b_start : null,
      { specials, only: only[which], groups: groups?.[which], raw: raw ?? false },
    );
  };
  return { query: side("query"), key: side("key") };
}

/** Middle of each token's row in pixels, NaN where nothing is to be drawn. */
export function tokenPlaces(
  axis: Axis,
  rowHeight: number,
  scrollTop: number,
  ratio: number,
): Float32Array {
  return Float32Array.from(axis.rowOf, (row) =>
    row < 0 || axis.rows[row]!.off ? NaN : ((row + 0.5) * rowHeight - scrollTop) * ratio,
  );
}
