/** The pinned query of a long text → lines to the keys with most of its weight, and how much of the row these hold. */

import { useMemo } from "preact/hooks";

import type { Region } from "../../decoding/region";
import { keyCount } from "../../decoding/mask";
import { headColour } from "../../draw/colour";
import { useDrawnMark } from "../../parts/drawn_mark";
import { hasWeights, longRow, query, type RecordHeader, theme } from "../../state";
import { formatWeight } from "../../text/format_number";
import { formatTimes } from "../../text/times";
import { elide } from "../../text/tokens";
import { rowOf, useLongSource } from "../matrix/long_source";
import { coverageText, MOST_KEYS } from "../matrix/row_text";
import { topKeys } from "../matrix/top_keys";
import type { MatrixSource } from "../matrix/use_matrix";

export interface LongLinesProps {
  record: RecordHeader;
  picture: Region;
  names: readonly string[];
}

const PITCH = 26;
const WIDTH = 320;

/** Any query by its number. */
function QueryChoice({ source }: { source: MatrixSource }) {
  const last = source.weights.queries - 1;
  return (
    <label class="long-query">
      Query token
      <input
        type="number"
        min={0}
        max={last}
        value={query.value ?? ""}
        placeholder={`0 to ${last}`}
        onChange={(event) => {
          const chosen = Number(event.currentTarget.value);
          const isOne = event.currentTarget.value !== "" && chosen >= 0 && chosen <= last;
          query.value = isOne ? Math.floor(chosen) : null;
        }}
      />
    </label>
  );
}

function Lines({ source, row }: { source: MatrixSource; row: Float32Array }) {
  const { record, weights, axes, head } = source;
  const at = query.value!;
  const top = useMemo(() => topKeys(row, MOST_KEYS), [row]);
  const keys = [...top.keys].sort((a, b) => a - b);
  const sum = useMemo(() => row.reduce((all, weight) => all + (weight || 0), 0), [row]);
  const seen = keyCount(record.layers[weights.layer]!, at) ?? weights.keys;
  const strongest = row[top.keys[0] ?? 0] ?? 1;
  const height = Math.max(1, keys.length) * PITCH;
  const token = axes.query.rows[at]!;
  return (
    <>
      <p class="head-legend">
        <span>
          {coverageText(top.keys.length, top.coverage, sum)} They stand in the order of the text;
          the more ink the more weight, the darkest line is {formatWeight(strongest, 4)}. The rest
          of the row has no lines.
        </span>
      </p>
      <div class="long-lines-picture" style={{ height: `${height}px` }}>
        <span class="long-lines-query" style={{ top: `${height / 2}px` }} title={token.raw}>
          <bdi>{elide(token.text, 24)}</bdi> <small>{at.toLocaleString("en")}</small>
        </span>
        <svg width={WIDTH} height={height} aria-hidden="true">
          {keys.map((each, place) => (
            <line
              key={each}
              x1={0}
              y1={height / 2}
              x2={WIDTH}
              y2={(place + 0.5) * PITCH}
              stroke={headColour(head, theme.value)}
              stroke-width={2}
              stroke-opacity={Math.max(0.04, Math.sqrt(row[each]! / strongest))}
            />
          ))}
        </svg>
        <ol aria-label="Keys with most weight">
          {keys.map((each) => (
            <li key={each} style={{ height: `${PITCH}px` }}>
              <bdi title={axes.key.rows[each]!.raw}>{elide(axes.key.rows[each]!.text, 24)}</bdi>
              <small>{each.toLocaleString("en")}</small>
              <span>{formatWeight(row[each]!, row[each]! < 0.01 ? 4 : 2)}</span>
              <span>{formatTimes(row[each]! * seen)} uniform</span>
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}

export function LongLines({ record, picture, names }: LongLinesProps) {
  const name = `Head ${names[picture.head] ?? picture.head}`;
  const source = useLongSource(record, picture, name);
  const row = rowOf(source, query.value);
  const onDrawn = useDrawnMark("head", [picture, row, "long lines"]);
  onDrawn();
  const isKept = hasWeights(record.layers[picture.layer]!);
  return (
    <div class="long-lines">
      <QueryChoice source={source} />
      {row !== null && query.value !== null && <Lines source={source} row={row.weights} />}
      {row === null && (
        <p class="head-message is-quiet">
          {!isKept
            ? "Of this layer only pictures were kept; its rows cannot be had."
            : query.value === null
              ? "A text this long has the lines of one query alone: choose it here, or click in the matrix."
              : longRow.value.status === "error"
                ? `The row cannot be read: ${longRow.value.error.message}`
                : "Loading the row …"}
        </p>
      )}
    </div>
  );
}
