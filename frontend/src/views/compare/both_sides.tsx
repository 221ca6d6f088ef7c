/** One head in both records → its pattern in A, in B, and B − A, small and side by side. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { divergingTable, sequentialTable } from "../../draw/colour";
import { differenceTable, drawDifferences } from "../../draw/differences";
import type { Codes } from "../../draw/heatmap";
import { shownChange, compared, hideBelow, run, step, theme } from "../../state";
import { SmallPattern } from "../../parts/small_pattern";
import { differenceCodes, type ChangeMatrixProps } from "./change_matrix";
import { formatStep } from "../../text/format_number";

/** Longer texts would be many numbers for a picture of so few pixels; the grid has their patterns. */
const MOST_CELLS = 1 << 20;
/** Beside lines. */
const SIDE = 84;

/** √ codes of a head, as thumbnails have them. */
function patternCodes(weights: LayerWeights, head: number): Codes {
  const { queries: rows, keys: columns } = weights;
  const [codes, row] = [new Uint8Array(rows * columns), new Float32Array(columns)];
  for (let query = 0; query < rows; query++) {
    weights.readRow(head, query, row);
    for (let key = 0; key < columns; key++)
      codes[query * columns + key] = Math.round(255 * Math.sqrt(Math.min(1, row[key]!)));
  }
  return { codes, offset: 0, rows, columns };
}

export interface BothSidesProps extends ChangeMatrixProps {
  /** Of each picture, in CSS pixels. */
  readonly side?: number;
}

export function BothSides({ side = SIDE, ...props }: BothSidesProps) {
  const { first, second, head } = props;
  const isLong = second.queries * second.keys > MOST_CELLS;
  const [before, after] = useMemo(
    () => (isLong ? [null, null] : [patternCodes(first, head), patternCodes(second, head)]),
    [first, second, head],
  );
  const hasDifference = !isLong && shownChange.value === "lines"; // the matrix itself is it, large
  const difference = useMemo(
    () =>
      !hasDifference
        ? null
        : {
            codes: differenceCodes(props),
            offset: 0,
            rows: second.queries,
            columns: second.keys,
          },
    [first, second, head, hasDifference],
  );
  const weights = sequentialTable(theme.value);
  const changes = useMemo(
    () => differenceTable(divergingTable(theme.value), hideBelow.value),
    [theme.value, hideBelow.value],
  );
  if (isLong) return null;
  const a = compared.value;
  const isOther = a !== null && a.run !== run.value;
  return (
    <div class="both-sides">
      <figure>
        <SmallPattern codes={before} colours={weights} side={side} />
        <figcaption
          title={a === null ? undefined : `${a.run}, ${a.tag}, step ${formatStep(a.step)}`}
        >
          A {isOther ? a.run : `step ${a === null ? "" : formatStep(a.step)}`}
        </figcaption>
      </figure>
      <figure>
        <SmallPattern codes={after} colours={weights} side={side} />
        <figcaption>B {isOther ? run.value : `step ${formatStep(step.value)}`}</figcaption>
      </figure>
      {hasDifference && (
        <figure>
          <SmallPattern codes={difference} colours={changes} side={side} draw={drawDifferences} />
          <figcaption>B − A</figcaption>
        </figure>
      )}
    </div>
  );
}
