/** What heads are searched for: a template, a tracked pair, or tokens by position. */

import type { TokenList } from "../decoding/answers";

/** Of two dimensions. */
export const patchTemplates = ["left", "right", "above", "below", "row", "column"] as const;
export const templates = [
  "previous",
  "same",
  "next",
  "first",
  "same_word",
  "induction",
  "across",
  ...patchTemplates,
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
