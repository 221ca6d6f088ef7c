/** The chosen query's numbers, key by key → a table to read them in, in the place of the plot. */

import { useRef } from "preact/hooks";

import { formatWeight } from "../../text/format_number";
import { rowsInWindow, useScrollWindow } from "../../parts/token_lines/use_window";
import type { NeuronNumbers } from "./neuron_numbers";
import type { ShownHead } from "./shown_head";
import { formatPart, softmaxText, tokenText } from "./texts";

export interface NumbersTableProps {
  shown: ShownHead;
  found: NeuronNumbers;
  /** Back to the plot. */
  onClose: () => void;
}

const ROW = 24;
/** The window is measured with its sticky head. */
const HEAD = 24;

function KeyRow({ found, index }: { found: NeuronNumbers; index: number }) {
  const { axes, numbers } = found;
  const { token, text } = axes.key.rows[index]!;
  return (
    <div role="row" aria-rowindex={index + 2} style={{ top: `${index * ROW + HEAD}px` }}>
      <span role="rowheader">
        <bdi>{text}</bdi>
      </span>
      <span role="cell">{formatPart(numbers.sums[token]!)}</span>
      <span role="cell">{formatPart(numbers.scores[token]!)}</span>
      <span role="cell">
        {numbers.seen[token] === 1 ? formatWeight(numbers.recomputed[token]!, 3) : "hidden"}
      </span>
      <span role="cell">{formatWeight(numbers.stored[token]!, 3)}</span>
    </div>
  );
}

function Table({ shown, found }: Omit<NumbersTableProps, "onClose">) {
  const scroller = useRef<HTMLDivElement>(null);
  const { rows } = found.axes.key;
  const { first, end } = rowsInWindow(useScrollWindow(scroller), ROW, rows.length);
  return (
    <div
      class="numbers-table"
      role="table"
      aria-label={`Numbers of ${tokenText(found.axes.query, found.numbers.query)}`}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      ref={scroller}
    >
      <div role="row" aria-rowindex={1} class="is-head">
        {["key", "q · k", "score", softmaxText(shown.vectors), "logged weight"].map((name) => (
          <span role="columnheader" key={name}>
            {name}
          </span>
        ))}
      </div>
      <div role="rowgroup" style={{ height: `${rows.length * ROW}px` }}>
        {Array.from({ length: end - first }, (_, i) => (
          <KeyRow key={first + i} found={found} index={first + i} />
        ))}
      </div>
    </div>
  );
}

export function NumbersTable({ shown, found, onClose }: NumbersTableProps) {
  return (
    <section class="neuron-plot" aria-label="Numbers">
      <header>
        <h2>
          Numbers of <bdi>{tokenText(found.axes.query, found.numbers.query)}</bdi>, key by key
        </h2>
        <button type="button" class="link" onClick={onClose}>
          Plot by distance
        </button>
      </header>
      <Table shown={shown} found={found} />
    </section>
  );
}
