/** A record, a layer's weights and what the state says of words, range and heads → what is shown of them. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import {
  mergeWords,
  rawTokens,
  type RecordHeader,
  sentenceFilter,
  specials,
  type TokenRange,
} from "../../state";
import { wordStarts } from "../../text/words";
import { axesOf, type LayerAxes } from "./axis";
import { project } from "./project";
import { groupOf, groupsIn, singleTokens, type TokenGroups, tokenOf } from "./token_groups";

type Side = "query" | "key";

export interface ShownText {
  axes: LayerAxes;
  /** By shown token: a word, or a token. */
  weights: LayerWeights;
  /** Weight of each shown query on keys out of the range, [head, query]; null without a range. */
  outside: Float32Array | null;
  /** Some tokens are words of several, or not there. */
  changed: boolean;
  groups: Record<Side, TokenGroups>;
}

export interface TextOptions {
  merge: boolean;
  range: TokenRange | null;
}

function groupsOf(
  record: RecordHeader,
  layer: number,
  side: Side,
  { merge, range }: TextOptions,
): TokenGroups {
  const header = record.layers[layer]!;
  const list = header[`${side}_tokens`];
  const tokens = record.tokens[list] ?? record.tokens.tokens;
  if (!merge && range === null) return singleTokens(tokens.length);
  const starts = merge
    ? wordStarts(tokens, record.words?.[list], new Set(record.special[list] ?? []))
    : Int32Array.from(tokens.keys());
  return groupsIn(starts, tokens.length, range?.[side] ?? [0, tokens.length]);
}

export function shownGroups(
  record: RecordHeader,
  layer: number,
  options: TextOptions,
): Record<Side, TokenGroups> {
  return {
    query: groupsOf(record, layer, "query", options),
    key: groupsOf(record, layer, "key", options),
  };
}

/** Words as the state says; only the range, where one is given. */
export function useShownText(
  record: RecordHeader,
  weights: LayerWeights,
  range: TokenRange | null,
): ShownText {
  const merge = mergeWords.value;
  const groups = useMemo(
    () => shownGroups(record, weights.layer, { merge, range }),
    [record, weights.layer, merge, range],
  );
  const projected = useMemo(() => project(weights, groups.query, groups.key), [weights, groups]);
  const axes = useMemo(
    () =>
      axesOf(record, weights.layer, specials.value, sentenceFilter.value, {
        groups,
        raw: rawTokens.value,
      }),
    [record, weights.layer, groups, specials.value, sentenceFilter.value, rawTokens.value],
  );
  return { ...projected, axes, groups, changed: projected.weights !== weights };
}

/** Positions of tokens as places of what is shown, and back; null outside. */
export const placeOf = ({ groups }: ShownText, side: Side, token: number | null): number | null =>
  groupOf(groups[side], token);
export const tokenAt = ({ groups }: ShownText, side: Side, place: number | null): number | null =>
  tokenOf(groups[side], place);
