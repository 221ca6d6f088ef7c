/** A sentence filter and the record → the thumbnails' part between the chosen sentences. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { keepTokens, type KeptTokens } from "../../draw/kept_part";
import type { Thumbnails } from "../../decoding/decode";
import { record, type RecordHeader, sentenceFilter, shown } from "../../state";
import { hasSentences, type Sentence, sentencesOf } from "../../parts/token_lines/axis";

/** Some layer of the record attends within a sentence pair. */
export const isPair: ReadonlySignal<boolean> = computed(() => {
  const header = shown(record.value);
  return header?.layers.some((_, layer) => hasSentences(header, layer)) ?? false;
});

function tokensOf(only: Sentence | null, start: number, count: number): readonly [number, number] {
  if (only === null) return [0, count];
  return only === "A" ? [0, start] : [start, count];
}

function keptTokens(header: RecordHeader, layer: number): KeptTokens | null {
  if (!hasSentences(header, layer)) return null;
  const { queries, keys } = header.layers[layer]!;
  const { query, key } = sentencesOf(sentenceFilter.value);
  const start = header.sentence_b_start!;
  return {
    query: tokensOf(query, start, queries),
    key: tokensOf(key, start, keys),
    queries,
    keys,
  };
}

/** All of them without a filter. */
export function filteredPictures(pictures: Thumbnails | null): Thumbnails | null {
  const header = shown(record.value);
  if (pictures === null || header === undefined || sentenceFilter.value === "all") return pictures;
  return keepTokens(pictures, (layer) => keptTokens(header, layer));
}
