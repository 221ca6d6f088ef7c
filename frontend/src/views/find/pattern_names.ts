/** Patterns to find → their names on the screen, and which of them a record can have. */

import type { RecordHeader } from "../../decoding/answers";
import { panelsOf, wordsOf } from "../../decoding/panels";
import { regionName } from "../../text/patch_names";
import { patchTemplates } from "../../text/pattern";
import { runsOf } from "../../text/positions";
import type { FindPattern, PairPattern, Template } from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { elide, isolated } from "../../text/tokens";

const titles: Readonly<Record<Template, string>> = {
  previous: "Previous token",
  same: "Same position",
  next: "Next token",
  first: "First token",
  same_word: "Earlier occurrence of the same word",
  induction: "Induction: what followed it before",
  across: "Across the sentence pair",
  left: "Patch to the left",
  right: "Patch to the right",
  above: "Patch above",
  below: "Patch below",
  row: "Patches of the same row",
  column: "Patches of the same column",
};

/** Which keys of a query count. */
const meanings: Readonly<Record<Template, string>> = {
  previous: "The key just before the query.",
  same: "The query’s own token.",
  next: "The key just after the query.",
  first: "The first key, of every query but itself.",
  same_word: "Keys of another occurrence of the query’s word, before or after it.",
  induction: "Keys that follow an earlier occurrence of the query’s token.",
  across: "All keys of the other sentence of the pair; special tokens are in neither.",
  left: "The patch to the left of the query’s, in the same picture.",
  right: "The patch to the right of the query’s, in the same picture.",
  above: "The patch above the query’s, in the same picture.",
  below: "The patch below the query’s, in the same picture.",
  row: "The other patches of the query’s row, in the same picture.",
  column: "The other patches of the query’s column, in the same picture.",
};

const SUMMED =
  "A head’s score is the mean, over the queries that have such keys, of its weight on them.";

/** Behind the "?" beside what is looked for. */
export function patternMeaning(pattern: FindPattern | null): string {
  if (pattern !== null && "template" in pattern) return `${meanings[pattern.template]} ${SUMMED}`;
  if (pattern !== null && "tracked" in pattern)
    return "A pair that was tracked when logging: the mean over its queries of the weight on its keys.";
  return "Pick tokens on both sides: a head’s score is the mean over the queries of its weight on the keys.";
}

const ofPatches: ReadonlySet<Template> = new Set(patchTemplates);
/** What these ask of comes in the order of a text; patches stand row after row. */
const ofTexts: ReadonlySet<Template> = new Set(["previous", "next", "same_word", "induction"]);

/** Positions that are neither patches nor named, such as CLS. */
function hasText(header: RecordHeader, list: string): boolean {
  const named = Object.keys(header.special_names?.[list] ?? {}).length;
  return wordsOf(header, list).length > named;
}

export function templateTitle(template: Template): string {
  return titles[template];
}

/** Whether a record can have a template at all; the server knows the rest. */
export function isPossible(template: Template, header: RecordHeader): boolean {
  if (template === "first") return true;
  if (template === "across" && header.sentence_b_start === null) return false;
  const lists = header.layers.filter(({ kind }) => kind === "self").map((each) => each.key_tokens);
  if (ofPatches.has(template)) return lists.some((list) => panelsOf(header, list).length > 0);
  if (ofTexts.has(template)) return lists.some((list) => hasText(header, list));
  return lists.length > 0;
}

export type Axes = NonNullable<PairPattern["axes"]>;

/** The pairs of token lists that layers have as query and key axes, each once. */
export function axesIn(header: RecordHeader): Axes[] {
  const known = new Map<string, Axes>();
  for (const { query_tokens, key_tokens } of header.layers)
    known.set(`${query_tokens} ${key_tokens}`, [query_tokens, key_tokens]);
  return [...known.values()];
}

export function axesTitle([query, key]: Axes): string {
  const known: Readonly<Record<string, string>> = { tokens: "encoder", decoder_tokens: "decoder" };
  const name = (list: string): string => known[list] ?? list;
  return query === key
    ? `${name(query)} self-attention`
    : `cross-attention, ${name(query)} to ${name(key)}`;
}

const MOST_NAMED = 3;

/** "she", "a, b, c and 4 more", "the … nurse (2–9)" */
function named(
  header: RecordHeader | undefined,
  list: string,
  positions: readonly number[],
): string {
  if (positions.length === 0) return "…";
  const region = header === undefined ? null : regionName(header, list, positions);
  if (region !== null) return region;
  const tokens = header?.tokens[list] ?? [];
  const texts = shownTokens(tokens);
  const name = (at: number): string => isolated(elide(texts[at] ?? String(at), 16));
  const runs = runsOf(positions);
  if (positions.length > MOST_NAMED && runs.length === 1) {
    const [first, last] = runs[0]!;
    return `${name(first)} … ${name(last)} (${first}–${last})`;
  }
  const more = positions.length - MOST_NAMED;
  const words = positions.slice(0, MOST_NAMED).map(name);
  return words.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export function patternTitle(pattern: FindPattern, header: RecordHeader | undefined): string {
  if ("template" in pattern) return templateTitle(pattern.template);
  if ("tracked" in pattern) return pattern.tracked;
  const { query, key, axes } = pattern.pair;
  const [queries, keys] = axes ?? ["tokens", "tokens"];
  return `${named(header, queries, query)} → ${named(header, keys, key)}`;
}
