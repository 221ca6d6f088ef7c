/** The shown cell of a long head, and the pinned query's row → what they say. */

import { useEffect } from "preact/hooks";

import { keyCount } from "../../decoding/mask";
import type { Region } from "../../decoding/region";
import { hasWeights, longRow, query, standaloneViews } from "../../state";
import { formatStep, formatWeight } from "../../text/format_number";
import { formatTimes } from "../../text/times";
import { layerName } from "../../text/layer_names";
import { elide } from "../../text/tokens";
import { knownWeight, rowOf } from "./long_source";
import { RowText } from "./row_text";
import type { MatrixSource } from "./use_matrix";
import type { Cell } from "./viewport";

export interface LongPanelProps {
  source: MatrixSource;
  picture: Region;
  shown: Cell | null;
  width: number;
}

function decimals(weight: number): number {
  return weight >= 0.01 || weight === 0 ? 2 : 6;
}

function Title({ source, cell }: { source: MatrixSource; cell: Cell }) {
  const { record, weights, name, axes } = source;
  const [from, to] = [axes.query.rows[cell.row]!, axes.key.rows[cell.column]!];
  const { weight, cells } = knownWeight(source, from.token, to.token);
  const seen = keyCount(record.layers[weights.layer]!, from.token) ?? weights.keys;
  return (
    <header class="cell-title">
      <h2>
        <bdi title={from.raw}>{elide(from.text, 24)}</bdi> →{" "}
        <bdi title={to.raw}>{elide(to.text, 24)}</bdi>
      </h2>
      <output aria-live="polite">
        {cells > 1 && "≤ "}
        {formatWeight(weight, decimals(weight))}
      </output>
      <p>
        {layerName(record.layers, weights.layer).toLowerCase()} · {name.toLowerCase()} · step{" "}
        {formatStep(record.step)} · tokens {from.token} → {to.token}
      </p>
      <p class="cell-times">
        {cells > 1
          ? `the largest of ${cells.toLocaleString("en")} cells; zoom in for the weight itself`
          : `${formatTimes(weight * seen)} uniform over the ${seen.toLocaleString("en")} keys it sees`}
      </p>
    </header>
  );
}

function Pinned({ source }: { source: MatrixSource }) {
  const at = query.value;
  const { record, weights, axes } = source;
  if (at === null || axes.query.rows[at] === undefined) return null;
  const row = rowOf(source, at);
  const name = elide(axes.query.rows[at].text, 24);
  return (
    <section class="cell-row">
      <h3>
        <span>
          Row of “<bdi>{name}</bdi>” ({at.toLocaleString("en")})
        </span>
      </h3>
      {row !== null && (
        <RowText
          row={row.weights}
          axis={axes.key}
          seen={keyCount(record.layers[weights.layer]!, at)}
        />
      )}
      {row === null && (
        <p class="cell-hint">
          {!hasWeights(record.layers[weights.layer]!)
            ? "Of this layer only pictures were kept; its rows cannot be had."
            : longRow.value.status === "error"
              ? standaloneViews.value === null
                ? `The row cannot be read: ${longRow.value.error.message}`
                : "This file does not hold this row; save it again with the query pinned."
              : "Loading the row …"}
        </p>
      )}
    </section>
  );
}

/** The last query sees all keys: its row is there to be read from the first, until another is pinned. */
function usePinnedLast({ record, weights, axes }: MatrixSource): void {
  useEffect(() => {
    const hasRows = hasWeights(record.layers[weights.layer]!) && standaloneViews.peek() === null;
    if (hasRows && query.peek() === null) query.value = axes.query.rows.length - 1;
  }, [record.tag]);
}

export function LongPanel({ source, shown, width }: LongPanelProps) {
  usePinnedLast(source);
  return (
    <aside class="cell-panel" aria-label="Cell" style={{ width: `${width}px` }}>
      {shown === null && (
        <p class="cell-hint">
          Point at the matrix for the largest weight there; click to pin its query and to read the
          row. Wheel or + and − zoom to exact weights; then dragging moves.
        </p>
      )}
      {shown !== null && <Title source={source} cell={shown} />}
      <Pinned source={source} />
    </aside>
  );
}
