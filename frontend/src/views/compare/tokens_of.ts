/** Records A and B → the tokens of a layer's two sides as shown, where they differ both of them. */

import { comparedPlace, probeHeaders, record, run, shown, type RecordHeader } from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { elide, isolated } from "../../text/tokens";
import { shownComparison } from "./scene";

export interface ComparedToken {
  readonly text: string;
  /** What A has at this place; null where both have the same. */
  readonly before: string | null;
  readonly special: boolean;
}

/** Header of A, where it is another probe of this run. */
function headerOfA(): RecordHeader | undefined {
  const at = comparedPlace.value;
  return at.run === run.value ? probeHeaders.value.get(at.tag) : undefined;
}

export function comparedTokens(layer: number, side: "query" | "key"): ComparedToken[] {
  const header = shown(record.value);
  const shape = header?.layers[layer];
  if (header === undefined || shape === undefined) return [];
  const list = shape[`${side}_tokens`];
  const texts = shownTokens(header.tokens[list] ?? header.tokens.tokens);
  const differing = new Set(shownComparison.value?.differing[list] ?? []);
  const before = shownTokens(headerOfA()?.tokens[list] ?? []);
  const special = new Set(header.special[list] ?? []);
  return texts.map((text, at) => ({
    text,
    before: differing.has(at) ? (before[at] ?? "another token") : null,
    special: special.has(at),
  }));
}

/** "she → nurse"; elided so that two fit in a row of the list. */
export function pairText(layer: number, query: number, key: number, limit = 12): string {
  const text = (side: "query" | "key", at: number): string =>
    isolated(elide(comparedTokens(layer, side)[at]?.text ?? String(at), limit));
  return `${text("query", query)} → ${text("key", key)}`;
}
