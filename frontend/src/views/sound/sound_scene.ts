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
  /** Positions of the queries that are drawn, and their names. */
  readonly queries: readonly number[];
  readonly names: readonly string[];
  /** The mean over the drawn heads. */
  readonly weights: Alignment;
  /** First frame of each row, and the end; null where there is no path: the queries are frames too. */
  readonly starts: Int32Array | null;
}

function entryOf(index: number | null | undefined) {
  return knownHeader.value?.pictures?.[index ?? -1];
}

export function samplesOf(span: SoundSpan): Samples | null {
  const found = media.value.get(entryOf(span.clip)?.sha256 ?? "") ?? null;
  return found !== null && "samples" in found ? found.samples : null;
}

/** One head's weights of some queries on the frames. */
function alignmentOf(
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

/** Words alone: special tokens are spoken at no time. */
function queriesOf(record: RecordHeader, weights: LayerWeights): number[] {
  const shape = record.layers[weights.layer]!;
  const special = new Set(record.special[shape.query_tokens] ?? []);
  const all = Array.from({ length: weights.queries }, (_, at) => at);
  const words = shape.kind === "cross" ? all.filter((at) => !special.has(at)) : all;
  return words.length > 0 ? words : all;
}

export function soundScene(record: RecordHeader, weights: LayerWeights): SoundScene | null {
  const shape = record.layers[weights.layer];
  const span = shape === undefined ? null : soundOf(record, shape.key_tokens);
  if (shape === undefined || span === null) return null;
  const samples = samplesOf(span);
  const spoken =
    samples === null ? Infinity : samples.values.length / samples.rate - (span.offset ?? 0);
  const frames = Math.max(1, Math.min(span.length, Math.ceil(spoken / span.seconds)));
  const queries = queriesOf(record, weights);
  const each = drawnHeads(weights).map((head) => alignmentOf(weights, head, queries, span, frames));
  const tokens = shownTokens(record.tokens[shape.query_tokens] ?? []);
  return {
    ...{ span, frames, queries, seconds: frames * span.seconds },
    names: queries.map((at) => tokens[at] ?? String(at)),
    weights: meanOf(each),
    starts: shape.kind === "cross" ? warped(meanOf(each.map(sharpened))) : null,
  };
}

export const timeText = (seconds: number): string => seconds.toFixed(2);
