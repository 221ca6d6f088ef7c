/** A record, one cross layer's weights and its sound → the rows that are drawn, their path and times. */

import type { RecordHeader, SoundSpan } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { soundOf } from "../../decoding/panels";
import type { Samples } from "../../decoding/picture";
import { drawnHeads, knownHeader, media } from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { meanOf, sharpened, warped, type Alignment } from "./alignment";

export interface SoundScene {
  readonly span: SoundSpan;
  /** Frames that are drawn: those of the samples, where their length is known. */
  readonly frames: number;
  /** Seconds that they last. */
  readonly seconds: number;
  /** Positions of the queries that are drawn, and the words that they listen to. */
  readonly queries: readonly number[];
  readonly names: readonly string[];
  /** The mean over the drawn heads. */
  readonly weights: Alignment;
  /** Number of each row's word in the text, where it is known. */
  readonly words: readonly (number | null)[];
  /** Frames of each row, null for one that is spoken at no time; null where there is no path: the queries are frames too. */
  readonly path: readonly (Stretch | null)[] | null;
}

/** Frames, the end outside. */
export type Stretch = readonly [first: number, end: number];

function entryOf(index: number | null | undefined) {
  return knownHeader.value?.pictures?.[index ?? -1];
}

export function samplesOf(span: SoundSpan): Samples | null {
  const found = media.value.get(entryOf(span.clip)?.sha256 ?? "") ?? null;
  return found !== null && "samples" in found ? found.samples : null;
}

/** One head's weights of some queries on the frames. */
export function alignmentOf(
  weights: LayerWeights,
  head: number,
  queries: readonly number[],
  { start }: SoundSpan,
  frames: number,
): Alignment {
  const row = new Float32Array(weights.keys);
  const values = new Float32Array(queries.length * frames);
  queries.forEach((query, at) => {
    weights.readRow(head, query, row);
    values.set(row.subarray(start, start + frames), at * frames);
  });
  return { rows: queries.length, columns: frames, values };
}

interface Said {
  /** Whose weights they are, and whose token is the word. */
  readonly at: number;
  readonly word: number;
  /** Spoken at no time. */
  readonly isSpecial: boolean;
}

/**
 * Words alone: special tokens are spoken at no time. A decoder that reads what it has said so far listens, at each
 * position, to the word that it says next. `withSpecials`: those too, marked as such.
 */
export function saidBy(
  { layers, special }: RecordHeader,
  layer: number,
  queries: number,
  withSpecials = false,
): Said[] {
  const { kind, query_tokens: list } = layers[layer]!;
  const saysNext =
    kind === "cross" &&
    layers.some(
      (each) => each.kind === "self" && each.mask === "causal" && each.query_tokens === list,
    );
  const all = Array.from({ length: queries }, (_, at): Said => ({
    ...{ at, word: at, isSpecial: false },
  }));
  if (kind !== "cross") return all;
  const later = saysNext ? all.slice(0, -1).map((said) => ({ ...said, word: said.at + 1 })) : all;
  const left = new Set(special[list] ?? []);
  const words = later.filter(({ word }) => !left.has(word));
  if (words.length === 0) return all;
  return withSpecials ? later.map((said) => ({ ...said, isSpecial: left.has(said.word) })) : words;
}

/** The path through the words alone. */
function pathOf(each: readonly Alignment[], said: readonly Said[]): (Stretch | null)[] {
  const rows = said.flatMap(({ isSpecial }, row) => (isSpecial ? [] : [row]));
  const words = each.map(({ columns, values }): Alignment => {
    const own = new Float32Array(rows.length * columns);
    rows.forEach((row, at) =>
      own.set(values.subarray(row * columns, (row + 1) * columns), at * columns),
    );
    return { rows: rows.length, columns, values: own };
  });
  const starts = warped(meanOf(words.map(sharpened)));
  const path: (Stretch | null)[] = said.map(() => null);
  rows.forEach((row, at) => (path[row] = [starts[at]!, starts[at + 1]!]));
  return path;
}

/** The row that is spoken at a frame, −1 for none. */
export function rowSpokenAt({ path }: SoundScene, frame: number): number {
  return (path ?? []).findIndex(
    (stretch) => stretch !== null && frame >= stretch[0] && frame < stretch[1],
  );
}

export function soundScene(
  record: RecordHeader,
  weights: LayerWeights,
  withSpecials = false,
): SoundScene | null {
  const shape = record.layers[weights.layer];
  const span = shape === undefined ? null : soundOf(record, shape.key_tokens);
  if (shape === undefined || span === null) return null;
  const samples = samplesOf(span);
  const spoken =
    samples === null ? Infinity : samples.values.length / samples.rate - (span.offset ?? 0);
  const frames = Math.max(1, Math.min(span.length, Math.ceil(spoken / span.seconds)));
  const said = saidBy(record, weights.layer, weights.queries, withSpecials);
  const queries = said.map(({ at }) => at);
  const each = drawnHeads(weights).map((head) => alignmentOf(weights, head, queries, span, frames));
  const tokens = shownTokens(record.tokens[shape.query_tokens] ?? []);
  return {
    ...{ span, frames, queries, seconds: frames * span.seconds },
    names: said.map(({ word }) => tokens[word] ?? String(word)),
    words: said.map(({ word }) => record.words?.[shape.query_tokens]?.[word] ?? null),
    weights: meanOf(each),
    path: shape.kind === "cross" ? pathOf(each, said) : null,
  };
}

export const timeText = (seconds: number): string => seconds.toFixed(2);
