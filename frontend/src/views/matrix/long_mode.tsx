/** A head of a long text → its picture at once, exact parts as one zooms, its legend, and the pinned query's row. */

import { useMemo, useRef } from "preact/hooks";

import type { Region } from "../../decoding/region";
import { scaleColours, sequentialTable } from "../../draw/colour";
import { timesUniformTable } from "../../draw/times_uniform";
import { FaultNotes } from "../../parts/fault_notes";
import { useDrawnMark } from "../../parts/drawn_mark";
import { useSize } from "../../parts/measured";
import { useExport, useTable } from "../../saving/exported";
import {
  hasWeights,
  isSideShown,
  longTiles,
  numbers,
  type RecordHeader,
  standaloneViews,
  theme,
  tokenRange,
} from "../../state";
import { timesOfScale } from "../../text/times";
import { matrixLayout, ROW_LABELS } from "./layout";
import { LongCanvas, SMALLEST_TIMES } from "./long_canvas";
import { longExport, rowTable } from "./long_export";
import { LongPanel } from "./long_panel";
import { useLongSource } from "./long_source";
import { MatrixPicture } from "./matrix_picture";
import { type MatrixSource, useCells } from "./use_matrix";
import { formatStep } from "../../text/format_number";

export interface LongModeProps {
  record: RecordHeader;
  picture: Region;
  /** Number of each head, as in the model. */
  names: readonly string[];
}

/** Why there is nothing finer than the picture; null where there is. */
export function whyCoarse(record: RecordHeader, layer: number): string | null {
  if (!hasWeights(record.layers[layer]!))
    return "of this layer only this picture was kept (max_record_bytes)";
  if (standaloneViews.value !== null) return "this file holds this picture and no finer parts";
  return null;
}

/** What the colours and numbers are, and what is not drawn. */
export function longLegend({ record, weights }: MatrixSource, picture: Region): string {
  const keys = weights.keys.toLocaleString("en");
  const coarse = whyCoarse(record, weights.layer);
  return [
    `times uniform attention (1 / ${keys}), logarithmic, one scale for all heads and steps; up to 1\u00a0× has no colour`,
    `a pixel has the largest of its cells, at first ${picture.cell.join(" × ")}`,
    ...(numbers.value && coarse === null ? [`numbers from ${SMALLEST_TIMES}\u00a0×`] : []),
    ...(coarse === null ? [] : [coarse]),
  ].join("; ");
}

function Legend({ source, picture }: { source: MatrixSource; picture: Region }) {
  const { keys } = source.weights;
  const colours = scaleColours(sequentialTable(theme.value));
  return (
    <div class="matrix-legend" style={{ paddingLeft: `${ROW_LABELS}px` }}>
      <div class="scale">
        <div
          class="scale-bar"
          style={{ background: `linear-gradient(to right, ${colours.join(", ")})` }}
        />
        {timesOfScale(keys).map((text) => (
          <span key={text}>{text}</span>
        ))}
      </div>
      <p>{longLegend(source, picture)}</p>
      {tokenRange.value !== null && (
        <p class="matrix-range">
          <button type="button" class="link" onClick={() => (tokenRange.value = null)}>
            clear the chosen region
          </button>
        </p>
      )}
    </div>
  );
}

export function LongMode({ record, picture, names }: LongModeProps) {
  const room = useRef<HTMLDivElement>(null);
  const name = `Head ${names[picture.head] ?? picture.head}`;
  const source = useLongSource(record, picture, name);
  const size = useSize(room);
  const { rows, columns } = { rows: source.weights.queries, columns: source.weights.keys };
  const colours = useMemo(() => timesUniformTable(theme.value, columns), [theme.value, columns]);
  useExport(() => longExport(source, picture, [...longTiles.value.values()], theme.value));
  useTable("Row", () => rowTable(source));
  const { sheet, panel } = useMemo(
    () => matrixLayout(size, rows, columns, isSideShown.value),
    [size.width, size.height, rows, columns, isSideShown.value],
  );
  const { shown } = useCells(source);
  const onDrawn = useDrawnMark("head", [picture, longTiles.value, "long"]);
  const label = `Attention matrix of layer ${picture.layer}, ${name.toLowerCase()}, at step ${formatStep(record.step)}`;
  return (
    <div class="matrix-mode" ref={room}>
      {size.width > 0 && (
        <>
          <div class="matrix-main">
            <FaultNotes record={record} layer={picture.layer} names={names} />
            <MatrixPicture
              key={`${rows} ${columns}`}
              source={source}
              sheet={sheet}
              label={label}
              onDrawn={onDrawn}
              table={colours}
              drawn={(view) => (
                <LongCanvas
                  {...{ picture, sheet, view, colours, label, onDrawn }}
                  isCoarse={whyCoarse(record, picture.layer) !== null}
                />
              )}
            />
            <Legend source={source} picture={picture} />
          </div>
          {isSideShown.value && (
            <LongPanel source={source} picture={picture} shown={shown} width={panel} />
          )}
        </>
      )}
    </div>
  );
}
