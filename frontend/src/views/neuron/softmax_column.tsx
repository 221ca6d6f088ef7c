/** Weights of the chosen query → the column of numbers beside the bars, as a table. */

import { formatWeight } from "../../text/format_number";
import { rowsInWindow, type ScrollWindow } from "../../parts/token_lines/use_window";
import type { NeuronNumbers } from "./neuron_numbers";

export interface SoftmaxColumnProps {
  found: NeuronNumbers;
  seen: ScrollWindow;
  rowHeight: number;
}

/** Weights that are written as .00 or .01 stay quiet. */
const QUIET = 0.015;

export function SoftmaxColumn({ found, seen, rowHeight }: SoftmaxColumnProps) {
  const { axes, numbers, key } = found;
  const { first, end } = rowsInWindow(seen, rowHeight, axes.key.rows.length);
  return (
    <div class="softmax-column" role="table" aria-label="Weights">
      {axes.key.rows.slice(first, end).map((row, i) => {
        if (row.off) return null;
        const weight = numbers.stored[row.token]!;
        const look = row.token === key ? "is-chosen" : weight >= QUIET ? "" : "is-quiet";
        return (
          <div
            key={row.token}
            role="row"
            aria-label={row.text}
            style={{ top: `${(first + i) * rowHeight}px` }}
          >
            <span role="cell" class={look} title={formatWeight(weight, 4)}>
              {formatWeight(weight)}
            </span>
          </div>
        );
      })}
    </div>
  );
}
