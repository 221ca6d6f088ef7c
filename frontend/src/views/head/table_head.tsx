/** Shown heads → the table's column heads. */

import type { ShownHead } from "../../parts/token_lines/line_canvas";

export interface TableHeadProps {
  /** In short. */
  layer: string;
  heads: readonly ShownHead[];
  names: readonly string[];
  /** Rows are queries, so that their tokens need a column. */
  byQuery: boolean;
}

export function TableHead({ layer, heads, names, byQuery }: TableHeadProps) {
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
    </div>
  );
}
