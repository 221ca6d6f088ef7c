/** What is shown → the lines of text that explain the marks. */

import type { ComponentChildren } from "preact";

import type { Focus } from "../token_lines/focus";
import type { LayerAxes } from "../token_lines/axis";
import { elide } from "../../tokens";

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
  /** Share of the weight below the threshold. */
  below: number;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "under 1 %";
  return `${Math.round(100 * share)} %`;
}

export function LinesLegend({ threshold, below }: LinesLegendProps) {
  const cut = String(threshold).replace(/^0/, "");
  return (
    <p class="head-legend is-foot">
      <span>
        Line: a query attends to a key; colour = head, the more ink the more weight.
        {threshold > 0 && ` Weights below ${cut} are not drawn: ${percent(below)} of all weight.`}
        {" Dot = pinned token."}
      </span>
    </p>
  );
}
