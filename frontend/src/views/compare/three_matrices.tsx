/** One head in both records → its matrix at A, at B, and B − A side by side, with names and numbers. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { divergingTable, sequentialTable } from "../../draw/colour";
import { differenceCode, differenceTable } from "../../draw/differences";
import {
  compared,
  hideBelow,
  hoverKey,
  hoverQuery,
  quantityText,
  query,
  run,
  step,
  theme,
} from "../../state";
import type { LayerAxes } from "../../parts/token_lines/axis";
import {
  LEAN,
  LEAST_NUMBER,
  matrixSizes,
  ROOM_FOR_NUMBER,
  type MatrixSizes,
} from "../../parts/token_matrix/matrix_sizes";
import {
  TokenMatrix,
  type MatrixValues,
  type TokenMatrixProps,
} from "../../parts/token_matrix/token_matrix";
import { formatCell, formatDifference, formatStep } from "../../text/format_number";
import { BothSides } from "./both_sides";
import { matrixKeys, Readout } from "./change_matrix";
import type { Pair } from "./chosen_pair";
import { differenceText } from "./matrix_picture";
import { signOf } from "./ranked";
import { rowChange, type RowChange } from "./row_change";
import { shownComparison } from "./scene";
import { comparedTokens } from "./tokens_of";

const GAP = 14;
const LARGEST_CELL = { three: 36, beside: 18 };
/** Of A and B where the room is too narrow for three matrices with names. */
const SMALL = 120;
/** Of the cells, in CSS pixels and in parts of the view. */
const HIGHEST = { pixels: 336, share: 0.42 };

export interface Arrangement {
  readonly sizes: MatrixSizes;
  /** A and B have names of their own, beside their difference. */
  readonly isThree: boolean;
}

/** null: too long a text for matrices with names. */
export function arranged(
  axes: LayerAxes,
  room: { width: number; height: number },
): Arrangement | null {
  const { width } = room;
  const height = Math.max(HIGHEST.pixels, HIGHEST.share * room.height);
  const most = { height, largest: LARGEST_CELL.three };
  const alone = matrixSizes(axes, { ...most, width });
  if (alone === null) return null;
  const around = alone.left + LEAN;
  const three = matrixSizes(axes, { ...most, width: (width - around - 2 * GAP) / 3 + around });
  if (three !== null) return { sizes: three, isThree: true };
  const left = width - SMALL - GAP;
  const beside = matrixSizes(axes, { width: left, height, largest: LARGEST_CELL.beside });
  return beside === null ? null : { sizes: beside, isThree: false };
}

/** Captions, matrices, scales and words. */
const BESIDES = 76;
/** Of the pictures without names, and their captions. */
const UNNAMED = 340;

export function heightOf(axes: LayerAxes, of: Arrangement | null): number {
  if (of === null) return UNNAMED;
  const { above, cell } = of.sizes;
  return above + axes.query.rows.length * cell + BESIDES;
}

function valuesOf(weights: LayerWeights, head: number): Float32Array {
  const { queries, keys } = weights;
  const values = new Float32Array(queries * keys);
  for (let row = 0; row < queries; row++)
    weights.readRow(head, row, values.subarray(row * keys, (row + 1) * keys));
  return values;
}

function weightsOf(weights: LayerWeights, head: number): MatrixValues {
  const table = sequentialTable(theme.value);
  const { queries, keys } = weights;
  return {
    ...{ queries, keys, values: valuesOf(weights, head) },
    pixel: (value) => table[Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, value || 0))))]!,
    text: (value) => (value >= LEAST_NUMBER ? formatCell(value) : ""),
  };
}

/** The colour is the sign. */
function changesOf(before: MatrixValues, after: MatrixValues): MatrixValues {
  const table = differenceTable(divergingTable(theme.value), hideBelow.value);
  return {
    ...after,
    values: after.values.map((value, at) => value - before.values[at]!),
    pixel: (value) => table[differenceCode(value || 0)]!,
    text: (value) => differenceText(value, hideBelow.value),
  };
}

/** The pointed or pinned query, else that of the head's largest change. */
export function shownRow({ second, head }: Pick<Pair, "second" | "head">): number {
  const at = hoverQuery.value ?? query.value;
  if (at !== null && at < second.queries) return at;
  return shownComparison.value?.head(second.layer, head).query ?? 0;
}

export interface ThreeMatricesProps {
  readonly pair: Pair;
  readonly axes: LayerAxes;
  readonly of: Arrangement;
}

function useThree({ first, second, head }: Pair) {
  return useMemo(() => {
    const [a, b] = [weightsOf(first, head), weightsOf(second, head)];
    return { a, b, change: changesOf(a, b) };
  }, [first, second, head, theme.value, hideBelow.value]);
}

function rowOf({ values, keys }: MatrixValues, row: number): Float32Array {
  return values.subarray(row * keys, (row + 1) * keys);
}

function leave(): void {
  hoverQuery.value = null;
  hoverKey.value = null;
}

export function ThreeMatrices({ pair, axes, of: { sizes, isThree } }: ThreeMatricesProps) {
  const { second, head } = pair;
  const of = useThree(pair);
  const row = shownRow(pair);
  const found = rowChange(rowOf(of.a, row), rowOf(of.b, row));
  const key = hoverKey.value ?? found?.most.key ?? 0;
  const shared = {
    ...{ axes, sizes, query: row, key_: key },
    ...{ pinned: query.value, hovered: hoverQuery.value },
  };
  const name = `of layer ${second.layer} head ${head}`;
  const width = sizes.cell * axes.key.rows.length;
  return (
    <>
      <div
        class="three-matrices"
        style={{ gap: GAP }}
        tabIndex={0}
        role="group"
        aria-label="Matrix of differences, arrow keys move over its cells"
        onKeyDown={(event) => matrixKeys(event, second, { query: row, key })}
        onBlur={leave}
      >
        {isThree ? (
          <Sides {...{ shared, name, width }} a={of.a} b={of.b} />
        ) : (
          <BothSides {...pair} side={SMALL} />
        )}
        <figure class="both-sides">
          <figcaption style={{ paddingLeft: isThree ? 0 : sizes.left }}>
            <b>B − A</b>
          </figcaption>
          <TokenMatrix
            {...shared}
            of={of.change}
            hasRowNames={!isThree}
            label={`Matrix of what layer ${second.layer} head ${head} gained and lost`}
            marked={{ query: row, key }}
          />
          <Scale
            width={width}
            left={isThree ? 0 : sizes.left}
            ticks={["−1 lost", "0", "gained +1"]}
            isSigned
          />
        </figure>
      </div>
      <p class="three-words">
        <Readout {...pair} at={{ query: row, key }} />
        {hoverKey.value === null && found !== null && <Others of={found} layer={second.layer} />}
        <span class="three-note">
          {sizes.cell >= ROOM_FOR_NUMBER && "numbers from .10; "}the colour is the sign
        </span>
      </p>
    </>
  );
}

interface SidesProps {
  readonly shared: Pick<
    TokenMatrixProps,
    "axes" | "sizes" | "query" | "key_" | "pinned" | "hovered"
  >;
  readonly name: string;
  /** Of the cells. */
  readonly width: number;
  readonly a: MatrixValues;
  readonly b: MatrixValues;
}

function Sides({ shared, name, width, a, b }: SidesProps) {
  const at = compared.value;
  const isOther = at?.run !== run.value;
  const { left } = shared.sizes;
  return (
    <>
      <figure class="both-sides">
        <figcaption style={{ paddingLeft: left }}>
          <b>A</b> {isOther ? at?.run : `step ${formatStep(at?.step ?? null)}`}
        </figcaption>
        <TokenMatrix {...shared} of={a} hasRowNames label={`Weights at A ${name}`} />
        <Scale width={width} left={left} ticks={["0", ".25", "1"]} />
      </figure>
      <figure class="both-sides">
        <figcaption>
          <b>B</b> {isOther ? run.value : `step ${formatStep(step.value)}`}
        </figcaption>
        <TokenMatrix {...shared} of={b} hasRowNames={false} label={`Weights at B ${name}`} />
        <p class="three-note" style={{ maxWidth: width }}>
          {quantityText.value}, √ scale, same for A and B
        </p>
      </figure>
    </>
  );
}

/** What moved the other way. */
function Others({
  of: { most, others },
  layer,
}: {
  readonly of: RowChange;
  readonly layer: number;
}) {
  if (others.length === 0) return null;
  const tokens = comparedTokens(layer, "key");
  return (
    <span class="three-others">
      most {most.change > 0 ? "lost" : "gained"}:{" "}
      {others.map(({ key, change }) => (
        <span key={key}>
          {tokens[key]?.text ?? key} <b class={signOf(change)}>{formatDifference(change)}</b>{" "}
        </span>
      ))}
    </span>
  );
}

interface ScaleProps {
  readonly width: number;
  readonly left: number;
  readonly ticks: readonly string[];
  readonly isSigned?: boolean;
}

function Scale({ width, left, ticks, isSigned = false }: ScaleProps) {
  return (
    <span
      class={`legend-bar ${isSigned ? "is-diverging" : ""}`}
      style={{ display: "block", width: isSigned ? width : Math.min(160, width), marginLeft: left }}
    >
      <span class="legend-gradient" />
      <span class="legend-ticks">
        {ticks.map((tick) => (
          <span key={tick}>{tick}</span>
        ))}
      </span>
    </span>
  );
}
