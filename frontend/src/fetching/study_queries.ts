/** Two records, or a pattern to find → the parameters of the routes that answer about them. */

import type { TokenList } from "../decoding/answers";
import { formatPositions } from "../text/positions";

export const templates = [
  "previous",
  "same",
  "next",
  "first",
  "same_word",
  "induction",
  "across",
] as const;
export type Template = (typeof templates)[number];

export interface PairPattern {
  /** Ascending. */
  readonly query: readonly number[];
  readonly key: readonly number[];
  /** Token lists of the layers that are meant; null: any. */
  readonly axes: readonly [TokenList, TokenList] | null;
}

/** A template, tokens by position, or a pair that was tracked when logging. */
export type FindPattern =
  { readonly template: Template } | { readonly tracked: string } | { readonly pair: PairPattern };

interface Address {
  readonly run: string;
  readonly tag: string;
  readonly step: number;
  readonly version: string | null;
}

type Query = Record<string, string | number>;

export function comparisonQuery(first: Address, second: Address): Query {
  return {
    run: first.run,
    tag: first.tag,
    step: first.step,
    run_b: second.run,
    tag_b: second.tag,
    step_b: second.step,
    ...(first.version !== null && { v: first.version }),
    ...(second.version !== null && { v_b: second.version }),
  };
}

const marks = { comma: ",", dash: "-" };

/** A tracked pair is a metric and is never asked for. */
export function patternQuery(pattern: FindPattern): Query {
  if ("template" in pattern) return { template: pattern.template };
  if ("tracked" in pattern) return {};
  const { query, key, axes } = pattern.pair;
  return {
    query: formatPositions(query, marks),
    key: formatPositions(key, marks),
    ...(axes !== null && { axes: axes.join(",") }),
  };
}
