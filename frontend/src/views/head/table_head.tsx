/** Shown heads → the table's column heads. */

import type { ShownHead } from "../../parts/token_lines/line_canvas";

export interface TableHeadProps {
  /** In short. */
  layer: string;
  heads: readonly ShownHead[];
  names: readonly string[];
  /** Rows are queries, so that their tokens need a column. */
  byQuery: boolean;
  /** How long the keys' values are has a column. */
  hasNorms: boolean;
}

export function TableHead({ layer, heads, names, byQuery, hasNorms }: TableHeadProps) {
  return (
    <div class="table-head">
      {byQuery && <span class="is-token">query</span>}
      {hasNorms && (
        <span
          class="is-norm"
          title="Length of the key’s value, on the mean over the heads; 1 = mean"
        >
          value norm
        </span>
      )}
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
