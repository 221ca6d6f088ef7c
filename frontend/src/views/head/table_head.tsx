/** Shown heads → the table's column heads, with arrows where not all columns fit. */

import type { ShownHead } from "../token_lines/line_canvas";

export interface TableHeadProps {
  layer: number;
  heads: readonly ShownHead[];
  names: readonly string[];
  /** Rows are queries, so that their tokens need a column. */
  byQuery: boolean;
  /** Heads in all, and the first one with a column. */
  count: number;
  firstColumn: number;
  onPage: (firstColumn: number) => void;
}

function Pager({ heads, count, firstColumn, onPage }: TableHeadProps) {
  const last = firstColumn + heads.length;
  return (
    <span class="table-pager">
      <button
        type="button"
        aria-label="Heads before"
        disabled={firstColumn === 0}
        onClick={() => {
          onPage(Math.max(0, firstColumn - heads.length));
        }}
      >
        ‹
      </button>
      {firstColumn + 1}–{last} of {count}
      <button
        type="button"
        aria-label="Heads after"
        disabled={last >= count}
        onClick={() => {
          onPage(last);
        }}
      >
        ›
      </button>
    </span>
  );
}

export function TableHead(props: TableHeadProps) {
  const { layer, heads, names, byQuery, count } = props;
  return (
    <div class="table-head">
      {byQuery && <span class="is-token">query</span>}
      {heads.map(({ head, colour }) => (
        <span key={head} class="is-head">
          <span class="head-stroke" style={{ borderColor: colour }}>
            {layer}.{names[head]}
          </span>
        </span>
      ))}
      <span class="is-mean">mean</span>
      {heads.length < count && <Pager {...props} />}
    </div>
  );
}
