/** What is shown → the lines of text that explain the marks. */

import type { ComponentChildren } from "preact";

import type { Focus } from "../token_lines/focus";
import type { LayerAxes } from "../token_lines/axis";
import type { Specials } from "../../state";
import { elide } from "../../tokens";
import type { Overview } from "./overview";

export interface HeadsLegendProps {
  shown: number;
  count: number;
  focus: Focus | null;
  axes: LayerAxes;
  /** Beside the caption of the table. */
  children?: ComponentChildren;
}

/** What the table's numbers are. */
export function tableCaption(focus: Focus | null, axes: LayerAxes): string {
  if (focus === null) return "Numbers: mean weight that each key receives.";
  const axis = axes[focus.side];
  const text = elide(axis.rows[axis.rowOf[focus.token] ?? -1]?.text ?? "", 24);
  return focus.side === "query"
    ? `Numbers: weight of “${text}” on each key.`
    : `Numbers: weight of each query on “${text}”.`;
}

export function HeadsLegend({ shown, count, focus, axes, children }: HeadsLegendProps) {
  return (
    <p class="head-legend">
      <span>
        {shown} of {count} heads<span class="only-wide"> shown</span>. Click
        <span class="only-wide"> a square</span> toggles<span class="only-wide"> it</span>,
        double-click isolates<span class="only-wide"> it. Number on the square = head</span>.
      </span>
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
}

export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "under 1 %";
  return `${Math.round(100 * share)} %`;
}

/** What is not drawn, and how much of all weight that is. */
function undrawn({ threshold, specials, overview }: LinesLegendProps): string[] {
  const cut = String(threshold).replace(/^0/, "");
  const below = `weights below ${cut} (${percent(overview.belowThreshold)} of all weight)`;
  const silenced = `weights on special tokens (${percent(overview.onSilenced)})`;
  return [...(threshold > 0 ? [below] : []), ...(specials !== "show" ? [silenced] : [])];
}

export function LinesLegend(props: LinesLegendProps) {
  const hidden = undrawn(props);
  return (
    <p class="head-legend is-foot">
      <span>
        Line: a query attends to a key; colour = head, the more ink the more weight.
        {hidden.length > 0 && ` Not drawn: ${hidden.join(", ")}.`}
        {" Dot = pinned token."}
      </span>
    </p>
  );
}
