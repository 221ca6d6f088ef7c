/** Focus, filters and the shown heads → the numbers of the table: rows by token, hidden mass, uniform. */

import { quantityName, isContribution } from "../../state";
import type { LayerWeights } from "../../decoding/decode";
import { keyCount } from "../../decoding/mask";
import { formatWeight } from "../../text/format_number";
import type { LayerHeader, SentenceFilter, Specials } from "../../state";
import { type LayerAxes, sentencesOf } from "../../parts/token_lines/axis";
import { filterName } from "../../parts/token_lines/filter_name";
import type { Focus } from "../../parts/token_lines/focus";
import { focusWeights, strongestToken } from "../../parts/token_lines/focus_weights";
import type { Overview } from "./overview";

export interface HiddenMass {
  caption: string;
  byHead: number[];
  mean: number;
  /** What lies on no key: it stands right under the keys. */
  isSink?: true;
}

export interface WeightRows {
  /** Which tokens the rows are. */
  side: "query" | "key";
  byHead: Float32Array[];
  mean: Float32Array;
  strongest: number | null;
  hidden: HiddenMass[];
  /** What a head that looks everywhere alike would show; null where it differs by row. */
  uniform: string | null;
}

export interface WeightRowsInput {
  weights: LayerWeights;
  header: LayerHeader;
  heads: readonly number[];
  axes: LayerAxes;
  focus: Focus | null;
  overview: Overview;
  /** Weight of each query on keys out of the chosen range, [head, query]; null without one. */
  outside?: Float32Array | null;
  filter: SentenceFilter;
  specials: Specials;
}

/** Mean over the heads that have a number there. */
function meanOf(columns: readonly Float32Array[], length: number): Float32Array {
  return Float32Array.from({ length }, (_, token) => {
    const present = columns.map((column) => column[token]!).filter((value) => !Number.isNaN(value));
    return present.reduce((sum, value) => sum + value, 0) / present.length;
  });
}

function mass(
  caption: string,
  tokens: readonly number[],
  byHead: readonly Float32Array[],
): HiddenMass[] {
  if (tokens.length === 0) return [];
  const sums = byHead.map((column) => tokens.reduce((sum, token) => sum + column[token]!, 0));
  const mean = sums.reduce((all, sum) => all + sum, 0) / Math.max(1, sums.length);
  return [{ caption, byHead: sums, mean }];
}

/** For each head what the focused query, or the queries on the mean, put on keys out of the range. */
function outsideMass({ outside, weights, heads, axes, focus }: WeightRowsInput): HiddenMass[] {
  if (outside === undefined || outside === null) return [];
  const on = axes.query.rows.flatMap((row) => (row.off ? [] : row.token));
  const queries = focus === null ? on : [focus.token];
  const byHead = heads.map((head) => {
    const start = (head - weights.firstHead) * weights.queries;
    return queries.reduce((sum, query) => sum + outside[start + query]! / queries.length, 0);
  });
  const mean = byHead.reduce((sum, each) => sum + each, 0) / Math.max(1, byHead.length);
  return [{ caption: `${quantityName.value} on keys out of the range`, byHead, mean }];
}

/** Less is rounding. */
const LEAST_SINK = 0.005;

/** What a head with a sink puts on no key at all; what carries nothing has no share of what is moved. */
function sinkMass({ outside }: WeightRowsInput, byHead: readonly Float32Array[]): HiddenMass[] {
  if (isContribution.value || (outside ?? null) !== null) return [];
  const rest = byHead.map((column) => 1 - column.reduce((sum, weight) => sum + weight, 0));
  if (!(Math.max(...rest) >= LEAST_SINK)) return [];
  const mean = rest.reduce((all, each) => all + each, 0) / rest.length;
  return [{ caption: "no key: the share of the head’s sink", byHead: rest, mean, isSink: true }];
}

/** Weight that goes to keys which the table does not show; a column of queries has no such sum. */
function hiddenMass(input: WeightRowsInput, byHead: readonly Float32Array[]): HiddenMass[] {
  const { axes, filter, specials } = input;
  const other = sentencesOf(filter).key === "A" ? "B" : "A";
  return [
    ...sinkMass(input, byHead),
    ...mass(
      `${quantityName.value} on sentence ${other}, hidden by the filter ${filterName(filter)}`,
      axes.key.filtered,
      byHead,
    ),
    ...mass(
      `${quantityName.value} on special tokens, ${specials === "hide" ? "hidden" : "muted"}`,
      axes.key.silenced,
      byHead,
    ),
    ...outsideMass(input),
  ];
}

/** How many rows of hidden mass a query has, whichever is looked at. */
export function massCount(input: Omit<WeightRowsInput, "focus">): number {
  return hiddenMass({ ...input, focus: null }, input.overview.received).length;
}

function uniformLine(header: LayerHeader, focus: Focus | null): string | null {
  if (isContribution.value) return null; // it depends on how long each value is
  if (header.mask !== "full" && focus?.side !== "query") return null;
  const count = keyCount(header, focus?.side === "query" ? focus.token : 0);
  if (count === null) return null;
  const share = 1 / count;
  const text = formatWeight(share, share < 0.01 ? 4 : 2);
  return `uniform: ${text} on ${count === 1 ? "the only key" : `each of ${count} keys`}`;
}

/** By head; null where all weight lies on keys. */
export function sinkShares({ hidden }: Pick<WeightRows, "hidden">): readonly number[] | null {
  return hidden.find(({ isSink }) => isSink === true)?.byHead ?? null;
}

/** Without a focus: what each key receives, as mean over the queries. */
export function weightRows(input: WeightRowsInput): WeightRows {
  const { weights, heads, axes, focus } = input;
  const side = focus?.side === "key" ? "query" : "key";
  const byHead =
    focus === null
      ? input.overview.received
      : heads.map((head) => focusWeights(weights, head, focus));
  const mean = meanOf(byHead, side === "key" ? weights.keys : weights.queries);
  const seen = mean.slice();
  for (const token of [...axes[side].filtered, ...axes[side].silenced]) seen[token] = 0;
  return {
    side,
    byHead,
    mean,
    strongest: strongestToken(seen),
    hidden: side === "key" ? hiddenMass(input, byHead) : [],
    uniform: uniformLine(input.header, focus),
  };
}
