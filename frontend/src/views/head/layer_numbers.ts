/** Loaded weights and the state → rows, shown heads, focus and numbers, worked out only when they change. */

import { useMemo, useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { headColour, summaryColour } from "../../draw/colour";
import {
  headSummary,
  hoverKey,
  hoverQuery,
  key,
  layer,
  type LayerHeader,
  query,
  type RecordHeader,
  sentenceFilter,
  drawnHeads,
  shownHeads,
  specials,
  theme,
  shownThreshold,
  tokenRange,
} from "../../state";
import type { LayerAxes } from "../../parts/token_lines/axis";
import { type Focus, focusOf, type Positions } from "../../parts/token_lines/focus";
import type { ShownHead } from "../../parts/token_lines/line_canvas";
import { summarised } from "../../parts/token_lines/project";
import { placeOf, type ShownText, useShownText } from "../../parts/token_lines/shown_text";
import { type Overview, overviewOf } from "./overview";
import { massCount, type WeightRows, weightRows } from "./weight_rows";

interface Heads {
  weights: LayerWeights;
  heads: readonly ShownHead[];
  outside: Float32Array | null;
}

/** The chosen heads, or the one that is made of them. */
function useHeads({ weights, outside }: ShownText, chosen: readonly number[]): Heads {
  const summary = weights.heads === 1 ? "none" : headSummary.value;
  const made = useMemo(
    () => (summary === "none" ? null : summarised(weights, chosen, summary)),
    [weights, chosen, summary],
  );
  const present = theme.value;
  const heads = useMemo(
    () =>
      made === null
        ? chosen.map((head) => ({ head, colour: headColour(head, present) }))
        : [{ head: 0, colour: summaryColour(present) }],
    [made, chosen, present],
  );
  return made === null
    ? { weights, heads, outside }
    : {
        weights: made,
        heads,
        outside: summary === "mean" ? meanOutside(outside, weights, chosen) : null,
      };
}

function meanOutside(
  outside: Float32Array | null,
  { queries, firstHead }: LayerWeights,
  heads: readonly number[],
): Float32Array | null {
  if (outside === null) return null;
  return Float32Array.from({ length: queries }, (_, query) =>
    heads.reduce(
      (sum, head) => sum + outside[(head - firstHead) * queries + query]! / heads.length,
      0,
    ),
  );
}

/** A layer of words or of a range has no mask that says which keys a query sees. */
function shownHeader(header: LayerHeader, { weights, changed }: ShownText): LayerHeader {
  if (!changed) return header;
  return { ...header, mask: "other", queries: weights.queries, keys: weights.keys };
}

/** While the next layer loads, the heads that were shown of the one that stays. */
function useChosen(loaded: LayerWeights): readonly number[] {
  const last = useRef<readonly number[] | null>(null);
  const isPresent = loaded.layer === layer.value;
  const chosen = useMemo(
    () => (isPresent || last.current === null ? drawnHeads(loaded) : last.current),
    [loaded.firstHead, loaded.heads, shownHeads.value, isPresent],
  );
  last.current = chosen;
  return chosen;
}

export interface LayerNumbers {
  text: ShownText;
  weights: LayerWeights;
  axes: LayerAxes;
  heads: readonly ShownHead[];
  /** Of the layer; with a summary, `heads` is one. */
  chosen: readonly number[];
  pinned: Positions;
  hovered: Positions;
  focus: Focus | null;
  overview: Overview;
  rows: WeightRows;
  /** Rows of hidden mass, whatever is looked at. */
  masses: number;
}

function placesOf(text: ShownText, tokens: Positions): Positions {
  return { query: placeOf(text, "query", tokens.query), key: placeOf(text, "key", tokens.key) };
}

export function useLayerNumbers(record: RecordHeader, loaded: LayerWeights): LayerNumbers {
  const filter = sentenceFilter.value;
  const text = useShownText(record, loaded, tokenRange.value);
  const { axes } = text;
  const chosen = useChosen(loaded);
  const { weights, heads, outside } = useHeads(text, chosen);
  const hovered = placesOf(text, { query: hoverQuery.value, key: hoverKey.value });
  const pinned = placesOf(text, { query: query.value, key: key.value });
  const { queries, keys } = weights;
  const focus = focusOf(hovered, queries, keys) ?? focusOf(pinned, queries, keys);
  const list = useMemo(() => heads.map(({ head }) => head), [heads]);
  const overview = useMemo(
    () => overviewOf(weights, list, axes, shownThreshold.value),
    [weights, list, axes, shownThreshold.value],
  );
  const input = {
    ...{ weights, axes, overview, outside, filter },
    header: shownHeader(record.layers[weights.layer]!, text),
    heads: list,
    specials: specials.value,
  };
  const rows = useMemo(
    () => weightRows({ ...input, focus }),
    [weights, record, list, axes, overview, focus?.side, focus?.token],
  );
  const masses = useMemo(() => massCount(input), [weights, record, list, axes, overview]);
  return {
    text,
    weights,
    axes,
    heads,
    chosen,
    pinned,
    hovered,
    focus,
    overview,
    rows,
    masses,
  };
}
