/** The chosen head and one query → the keys' tokens as a text, each on the colour of its weight. */

import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { cssOf, inkOn, sequentialTable, type Rgb } from "../../draw/colour";
import {
  hoverQuery,
  isContribution,
  metrics,
  query,
  rawTokens,
  shownMetric,
  theme,
} from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { formatWeight } from "../../text/format_number";
import { elide } from "../../text/tokens";
import { hoverToken, pinToken } from "../../parts/token_lines/pinning";

/** A longer text is better read in the Head view. */
const MOST_TOKENS = 200;
/** Words that are shown at once; of more, so many with most weight. */
const MOST_WORDS = 60;
const STRONGEST = 24;

export interface SentenceProps {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly head: number;
}

interface Looking {
  readonly query: number;
  /** Why this one. */
  readonly why: "pointed" | "pinned" | "tracked" | "last";
}

/** The pointed or pinned token, that of the shown token pair, else the last word. */
export function lookingToken(record: RecordHeader, { layer, queries }: LayerWeights): Looking {
  const list = record.layers[layer]!.query_tokens;
  if (hoverQuery.value !== null && hoverQuery.value < queries)
    return { query: hoverQuery.value, why: "pointed" };
  if (query.value !== null && query.value < queries) return { query: query.value, why: "pinned" };
  const track = metrics.value?.evolution?.track ?? [];
  const pair = track.find(({ name, axes }) => name === shownMetric.value && axes[0] === list);
  const tracked = pair?.queries[0];
  if (tracked !== undefined && tracked < queries) return { query: tracked, why: "tracked" };
  const special = new Set(record.special[list] ?? []);
  const words = Array.from({ length: queries }, (_, at) => at).filter((at) => !special.has(at));
  return { query: words.at(-1) ?? queries - 1, why: "last" };
}

/** All keys of a short text; of a longer one those with most weight, in the order of the text. */
export function shownKeys(row: Float32Array): number[] {
  const all = Array.from(row.keys());
  if (row.length <= MOST_WORDS) return all;
  const byWeight = all.sort((a, b) => (row[b]! || 0) - (row[a]! || 0) || a - b);
  return byWeight.slice(0, STRONGEST).sort((a, b) => a - b);
}

function partText(row: Float32Array, keys: readonly number[]): string {
  const part = keys.reduce((sum, key) => sum + (row[key]! || 0), 0);
  return `${keys.length} of ${row.length} keys hold ${Math.round(100 * part)} % of its weight`;
}

export function Sentence({ record, weights, head }: SentenceProps) {
  const { queries, keys, layer } = weights;
  if (keys > MOST_TOKENS || queries > MOST_TOKENS) return null;
  const shape = record.layers[layer]!;
  const isOneText = shape.query_tokens === shape.key_tokens;
  const at = lookingToken(record, weights);
  void rawTokens.value;
  const names = shownTokens(record.tokens[shape.key_tokens] ?? record.tokens.tokens);
  const queryNames = shownTokens(record.tokens[shape.query_tokens] ?? record.tokens.tokens);
  const row = new Float32Array(keys);
  weights.readRow(head, at.query, row);
  const drawn = shownKeys(row);
  const said = {
    pointed: "",
    pinned: "pinned",
    tracked: "the tracked token",
    last: "the last word",
  };
  return (
    <section class="looks" aria-label="Where a token looks">
      <p class="small-title">
        {isContribution.value ? "What moves to" : "Where"} “{elide(queryNames[at.query] ?? "?", 24)}
        ” {!isContribution.value && "looks"}
        {at.why !== "pointed" && <span>{said[at.why]}</span>}
        {drawn.length < keys && <span>{partText(row, drawn)}</span>}
      </p>
      <p class="looks-tokens">
        {drawn.map((key, place) => (
          <button
            key={place}
            type="button"
            tabIndex={-1}
            class={isOneText && key === at.query ? "is-query" : ""}
            style={chipColours(row[key]!)}
            title={`${names[key]!}: ${formatWeight(row[key]!)}`}
            onPointerEnter={() => hoverToken("key", key)}
            onPointerLeave={() => hoverToken("key", null)}
            onClick={() => pinToken(isOneText ? "query" : "key", key)}
          >
            {elide(names[key]!, 24)}
          </button>
        ))}
      </p>
    </section>
  );
}

function chipColours(weight: number) {
  const code = Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, weight || 0))));
  const pixel = sequentialTable(theme.value)[code]!;
  const colour: Rgb = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  return { background: cssOf(colour), color: inkOn(colour) };
}
