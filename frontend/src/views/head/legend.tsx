/** What is shown → the lines of text that explain the marks. */

import type { ComponentChildren } from "preact";

import type { Focus } from "../../parts/token_lines/focus";
import type { LayerAxes } from "../../parts/token_lines/axis";
import {
  changes,
  changesOfShown,
  type HeadSummary,
  isContribution,
  layer,
  layerQuantityText,
  quantityName,
  shownHeads,
  type Specials,
  topOfShown,
} from "../../state";
import { percent } from "../../text/format_number";
import { elide } from "../../text/tokens";
import type { Overview } from "./overview";

export interface HeadsLegendProps {
  shown: number;
  count: number;
  /** Heads that are loaded: all, or one of a long text. */
  loaded: number;
  summary: HeadSummary;
  focus: Focus | null;
  axes: LayerAxes;
  /** Beside the caption of the table. */
  children?: ComponentChildren;
}

/** What the table's numbers are. */
export function tableCaption(focus: Focus | null, axes: LayerAxes): string {
  if (focus === null) return `Numbers: mean ${quantityName.value} that each key receives.`;
  const axis = axes[focus.side];
  const text = elide(axis.rows[axis.rowOf[focus.token] ?? -1]?.text ?? "", 24);
  return focus.side === "query"
    ? `Numbers: ${isContribution.value ? "contribution of each key to" : "weight of"} “${text}”${isContribution.value ? "" : " on each key"}.`
    : `Numbers: ${isContribution.value ? `contribution of “${text}” to each query` : `weight of each query on “${text}”`}.`;
}

/** Just the heads of the layer that changed are on, as the view opens. */
function areMoved(): boolean {
  const on = shownHeads.value;
  if (on === null) return false;
  const moved = (topOfShown.value === null ? changes.value : changesOfShown.value).filter(
    (change) => change.layer === layer.value,
  );
  return moved.length === on.size && moved.every(({ head }) => on.has(head));
}

function HeadsCaption({ shown, count, loaded, summary }: HeadsLegendProps) {
  if (loaded < count)
    return <span>A text this long is loaded one head at a time: click a square to change it.</span>;
  if (summary !== "none")
    return (
      <span>
        {summary === "mean" ? "Mean" : "Maximum"} over {shown} of {count} heads, drawn as one.
      </span>
    );
  return (
    <span>
      {shown} of {count} heads<span class="only-wide"> shown</span>
      {areMoved() && ": those that changed for good"}. Click
      <span class="only-wide"> a square</span> toggles<span class="only-wide"> it</span>,
      double-click isolates<span class="only-wide"> it. Number on the square = head</span>.
    </span>
  );
}

export function HeadsLegend(props: HeadsLegendProps) {
  const { focus, axes, children } = props;
  return (
    <p class="head-legend">
      <HeadsCaption {...props} />
      <span>
        {tableCaption(focus, axes)}
        {children}
      </span>
    </p>
  );
}

export interface LinesLegendProps {
  threshold: number;
  specials: Specials;
  overview: Overview;
  /** Tokens are words. */
  words: boolean;
  /** The lines are of one head that is made of several. */
  one: boolean;
  /** Lines of the pinned token alone. */
  alone: boolean;
  /** Contributions have their weights beside them. */
  ticks: boolean;
  /** Some weight of the query lies on no key. */
  hasSink: boolean;
}

/** What is not drawn, and how much of all weight that is. */
function undrawn({ threshold, specials, overview }: LinesLegendProps): string[] {
  const cut = String(threshold).replace(/^0/, "");
  const name = quantityName.value;
  const below = `${name}s below ${cut} (${percent(overview.belowThreshold)} of all ${name})`;
  const silenced = `${name}s on special tokens (${percent(overview.onSilenced)})`;
  return [...(threshold > 0 ? [below] : []), ...(specials !== "show" ? [silenced] : [])];
}

export function LinesLegend(props: LinesLegendProps) {
  const hidden = undrawn(props);
  return (
    <p class="head-legend is-foot">
      <span>
        Line: a query attends to a key; {props.one ? "" : "colour = head, "}the more ink the more{" "}
        {layerQuantityText.value}.{props.words && " Words: mean over queries, sum over keys."}
        {hidden.length > 0 && ` Not drawn: ${hidden.join(", ")}.`}
        {props.alone && " A text this long has the lines of the pinned token alone."}
        {props.hasSink && " Dashed: what goes to no key, the head’s sink, and carries nothing."}
        {" Dot = pinned token."}
        {props.ticks && " In a cell: bar = contribution, tick = the weight it is of."}
      </span>
    </p>
  );
}
