/** One loaded layer → the matrix of one head, its legend, and the panel of the pointed cell. */

import { useMemo, useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { useExport, useTable } from "../../saving/exported";
import {
  findHeads,
  headMode,
  isContribution,
  isSideShown,
  layerQuantityText,
  mergeWords,
  numbers,
  shownScale,
  type RecordHeader,
  standaloneViews,
  theme,
  tokenRange,
} from "../../state";
import { FaultNotes } from "../../parts/fault_notes";
import { useDrawnMark } from "../../parts/drawn_mark";
import { timesOfScale } from "../../text/times";
import { CellPanel } from "./cell_panel";
import { matrixLayout, ROW_LABELS } from "./layout";
import { scaleGradient } from "./matrix_canvas";
import { matrixExport, matrixTable } from "./matrix_export";
import { MatrixPicture } from "./matrix_picture";
import { hiddenShare } from "./hidden_share";
import { regionPattern } from "./token_range";
import { firstCell, type MatrixSource, useCells, useMatrix } from "./use_matrix";
import type { Sheet } from "./viewport";
import { NUMBER_CELL } from "./written_numbers";
import { useSize } from "../../parts/measured";
import { formatStep } from "../../text/format_number";

export interface MatrixModeProps {
  record: RecordHeader;
  weights: LayerWeights;
  /** Number of each head, as in the model. */
  names: readonly string[];
}

function rangeText([first, end]: readonly [number, number]): string {
  return end - first === 1 ? String(first) : `${first}–${end - 1}`;
}

function Range({ source }: { source: MatrixSource }) {
  const range = tokenRange.value;
  if (range === null) return null;
  return (
    <p class="matrix-range">
      Queries {rangeText(range.query)}, keys {rangeText(range.key)}:
      <button
        type="button"
        class="link"
        onClick={() => {
          headMode.value = "lines";
        }}
      >
        show as lines
      </button>
      {standaloneViews.value === null && (
        <button
          type="button"
          class="link"
          onClick={() => {
            findHeads({ pair: regionPattern(source, range) });
          }}
        >
          find heads for this region
        </button>
      )}
      <button
        type="button"
        class="link"
        onClick={() => {
          tokenRange.value = null;
        }}
      >
        clear
      </button>
    </p>
  );
}

/** What the colours are of so many keys. */
function scaleText(keys: number): string {
  if (shownScale.value === "uniform")
    return ` in times uniform (1 / ${keys.toLocaleString("en")}), logarithmic`;
  return shownScale.value === "root" ? ", coloured by its root" : "";
}

/** What the colours and numbers are, and what is not drawn. */
function legendText(source: MatrixSource, sheet: Sheet): string {
  const hidden = hiddenShare(source);
  return [
    `${layerQuantityText.value}${scaleText(source.weights.keys)}`,
    ...(numbers.value && Math.min(sheet.cellWidth, sheet.cellHeight) >= NUMBER_CELL
      ? ["numbers from .10"]
      : []),
    ...(source.pyramid[0]!.rows > 300 ? ["a pixel: the largest of its cells"] : []),
    ...(mergeWords.value ? ["words: mean over queries, sum over keys"] : []),
    ...(hidden === null ? [] : [hidden]),
  ].join("; ");
}

function Legend({ source, sheet }: { source: MatrixSource; sheet: Sheet }) {
  const { keys } = source.weights;
  const [least, middle, most] =
    shownScale.value === "uniform"
      ? timesOfScale(keys)
      : ["0", shownScale.value === "root" ? ".25" : ".50", "1"];
  return (
    <div class="matrix-legend" style={{ paddingLeft: `${ROW_LABELS}px` }}>
      <div class="scale">
        <div
          class="scale-bar"
          style={{ background: scaleGradient(theme.value, shownScale.value) }}
        />
        <span>{least}</span>
        <span>{middle}</span>
        <span>{most}</span>
      </div>
      <p>{legendText(source, sheet)}</p>
      <Range source={source} />
    </div>
  );
}

export function MatrixMode({ record, weights, names }: MatrixModeProps) {
  const room = useRef<HTMLDivElement>(null);
  const source = useMatrix(record, weights, names);
  const size = useSize(room);
  useExport(() => matrixExport(source, theme.value, shownScale.value));
  useTable("Matrix", () => matrixTable(source));
  const { rows, columns } = source.pyramid[0]!;
  const { sheet, panel } = useMemo(
    () => matrixLayout(size, rows, columns, isSideShown.value),
    [size.width, size.height, rows, columns, isSideShown.value],
  );
  const { pointed, selected, shown } = useCells(source);
  const onDrawn = useDrawnMark("head", [source.weights, source.head, source.axes, "matrix"]);
  const elsewhere =
    pointed !== null &&
    selected !== null &&
    (pointed.row !== selected.row || pointed.column !== selected.column);
  return (
    <div class="matrix-mode" ref={room}>
      {size.width > 0 && rows > 0 && columns > 0 && (
        <>
          <div class="matrix-main">
            <FaultNotes record={record} layer={weights.layer} names={names} />
            <MatrixPicture
              key={`${rows} ${columns}`}
              source={source}
              sheet={sheet}
              label={`${isContribution.value ? "Contribution" : "Attention"} matrix of layer ${weights.layer}, ${source.name.toLowerCase()}, at step ${formatStep(record.step)}`}
              onDrawn={onDrawn}
            />
            <Legend source={source} sheet={sheet} />
          </div>
          {isSideShown.value && (
            <CellPanel
              source={source}
              shown={shown ?? firstCell(source)}
              selected={selected}
              elsewhere={elsewhere}
              width={panel}
              height={size.height}
            />
          )}
        </>
      )}
      {(rows === 0 || columns === 0) && (
        <p class="head-message is-quiet">All tokens are hidden. Show special tokens to see them.</p>
      )}
    </div>
  );
}
