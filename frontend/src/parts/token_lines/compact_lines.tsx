/** One head of a layer → its lines with one column of weights, for a narrow panel. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { headColour } from "../../draw/colour";
import { formatWeight } from "../../text/format_number";
import type { RecordHeader } from "../../state";
import {
  gain,
  hoverKey,
  hoverQuery,
  key,
  query,
  rawTokens,
  sentenceFilter,
  specials,
  theme,
  isPinnedAlone,
  shownThreshold,
  isContribution,
} from "../../state";
import { axesOf, type Axis, type LayerAxes } from "./axis";
import { focusOf, type Focus } from "./focus";
import { hoverToken, pinToken } from "./pinning";
import { TokenLines } from "./token_lines";
import { rowsInWindow, type ScrollWindow } from "./use_window";
import { focusWeights, strongestToken } from "./focus_weights";

export interface CompactLinesProps {
  /** Header of the record that the weights belong to. */
  record: RecordHeader;
  weights: LayerWeights;
  head: number;
  /** Rows of either side; without it those that the state's filters leave. */
  axes?: LayerAxes;
  onDrawn?: () => void;
}

const rowHeight = 24;

interface WeightColumnProps {
  axis: Axis;
  values: Float32Array;
  seen: ScrollWindow;
}

function WeightColumn({ axis, values, seen }: WeightColumnProps) {
  const { first, end } = rowsInWindow(seen, rowHeight, axis.rows.length);
  const strongest = strongestToken(values);
  return (
    <div class="weight-column">
      {axis.rows.slice(first, end).map((row, i) => {
        const token = row.token;
        return (
          <span
            key={token}
            class={token === strongest ? "is-strongest" : ""}
            style={{ top: `${(first + i) * rowHeight}px` }}
          >
            {row.off ? "" : formatWeight(values[token]!)}
          </span>
        );
      })}
    </div>
  );
}

/** Weights of the focused token by the tokens of the other side. */
function useFocused(weights: LayerWeights, head: number, focus: Focus | null) {
  return useMemo(
    () => (focus === null ? null : focusWeights(weights, head, focus)),
    [weights, head, focus?.side, focus?.token],
  );
}

/** The pointed token, else the pinned one. */
export function presentFocus({ queries, keys }: LayerWeights): Focus | null {
  const pinned = { query: query.value, key: key.value };
  const hovered = { query: hoverQuery.value, key: hoverKey.value };
  return focusOf(hovered, queries, keys) ?? focusOf(pinned, queries, keys);
}

/** Reads pin, pointer, threshold, gain and special tokens from the state; fills its parent's width. */
export function CompactLines({ record, weights, head, axes: given, onDrawn }: CompactLinesProps) {
  const axes = useMemo(
    () =>
      given ??
      axesOf(record, weights.layer, specials.value, sentenceFilter.value, { raw: rawTokens.value }),
    [given, record, weights.layer, specials.value, sentenceFilter.value, rawTokens.value],
  );
  const colour = headColour(head, theme.value);
  const heads = useMemo(() => [{ head, colour }], [head, colour]);
  const pinned = { query: query.value, key: key.value };
  const hovered = { query: hoverQuery.value, key: hoverKey.value };
  const focus = presentFocus(weights);
  const values = useFocused(weights, head, focus);
  const other = focus?.side === "key" ? "query" : "key";
  return (
    <div class="compact-lines" style={{ "--head-colour": colour }}>
      <TokenLines
        class="is-compact"
        weights={weights}
        heads={heads}
        axes={axes}
        pinned={pinned}
        hovered={hovered}
        onHover={hoverToken}
        onPin={pinToken}
        alone={isPinnedAlone.value}
        threshold={shownThreshold.value}
        gain={gain.value}
        rowHeight={rowHeight}
        label={`Attention lines of layer ${weights.layer} head ${head}`}
        strongest={{ query: null, key: null, [other]: values && strongestToken(values) }}
        bars={{ [other]: values }}
        asideHead={
          <span class="is-aside">
            {other === "key" ? (isContribution.value ? "share" : "weight") : "by query"}
          </span>
        }
        aside={(seen) =>
          values === null ? null : <WeightColumn axis={axes[other]} values={values} seen={seen} />
        }
        onDrawn={onDrawn}
      />
    </div>
  );
}
