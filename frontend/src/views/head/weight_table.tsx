/** Numbers by token and head → the table beside the keys, its rows level with the tokens'. */

import { backgroundColour, cssOf, inkOn, mix, rgbOf, type Theme } from "../../draw/colour";
import { elide } from "../../text/tokens";
import { formatWeight } from "../../text/format_number";
import type { Axis } from "../../parts/token_lines/axis";
import type { ShownHead } from "../../parts/token_lines/line_canvas";
import { NO_KEY_GAP } from "../../parts/token_lines/no_key";
import { rowsInWindow, type ScrollWindow } from "../../parts/token_lines/use_window";
import type { BehindContributions } from "./behind_contributions";
import type { HiddenMass, WeightRows } from "./weight_rows";

export interface WeightTableProps {
  rows: WeightRows;
  axis: Axis;
  /** Heads with a column: those of `rows.byHead` from `firstColumn` on. */
  heads: readonly ShownHead[];
  firstColumn: number;
  /** Number of every head of the layer. */
  names: readonly string[];
  rowHeight: number;
  seen: ScrollWindow;
  theme: Theme;
  /** Without it cells are coloured only. */
  numbers: boolean;
  behind: BehindContributions | null;
}

/** Strongest tint of a cell, at weight 1. */
const fullTint = 0.85;
/** Weights that are written as .00 or .01 stay quiet. */
const quietBelow = 0.015;

interface CellProps {
  /** Of the head, as in the model. */
  name: string;
  value: number;
  colour: string;
  theme: Theme;
  numbers: boolean;
  /** Of a contribution the weight that it is of. */
  weight: number | null;
}

/** A bar as long as the contribution and a tick at the weight: far apart where a weight means little. */
function Gap({ value, weight, colour }: Pick<CellProps, "value" | "colour"> & { weight: number }) {
  const place = (share: number): string => `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;
  return (
    <i class="cell-gap" aria-hidden="true">
      <i style={{ width: place(value), background: colour }} />
      <i class="is-tick" style={{ left: place(weight) }} />
    </i>
  );
}

/** From here on. */
const LEAST_GAP = 0.02;

function Cell({ name, value, colour, theme, numbers, weight }: CellProps) {
  const tint = Math.min(1, Math.max(0, value || 0)) * fullTint;
  const background = mix(rgbOf(colour), backgroundColour(theme), tint);
  const quiet = !(value >= quietBelow);
  const style = quiet ? {} : { background: cssOf(background), color: inkOn(background) };
  return (
    <span
      role="cell"
      class={quiet ? "is-quiet" : ""}
      style={style}
      title={`head ${name}: ${formatWeight(value, 4)}`}
      data-weight={weight ?? undefined}
    >
      {numbers || value >= 0 ? null : "–"}
      {numbers && formatWeight(value)}
      {weight !== null && Math.max(value, weight) >= LEAST_GAP && (
        <Gap {...{ value, weight, colour }} />
      )}
    </span>
  );
}

function TokenWeights({ props, index }: { props: WeightTableProps; index: number }) {
  const { rows, axis, heads, names, firstColumn, rowHeight, theme, numbers, behind } = props;
  const row = axis.rows[index]!;
  const token = row.token;
  return (
    <div
      role="row"
      aria-label={row.text}
      class={token === rows.strongest ? "is-strongest" : ""}
      style={{ top: `${index * rowHeight}px` }}
    >
      {rows.side === "query" && (
        <span role="rowheader" title={row.raw}>
          <bdi>{elide(row.text)}</bdi>
        </span>
      )}
      {behind !== null && <Norm value={behind.norms[token]!} />}
      {heads.map(({ head, colour }, i) => (
        <Cell
          key={head}
          name={names[head]!}
          value={rows.byHead[firstColumn + i]![token]!}
          colour={colour}
          theme={theme}
          numbers={numbers}
          weight={behind?.weights[firstColumn + i]?.[token] ?? null}
        />
      ))}
      <span role="cell" class="is-mean">
        {formatWeight(rows.mean[token]!)}
      </span>
    </div>
  );
}

/** Twice the mean is a whole bar. */
const WHOLE_NORM = 2;

function Norm({ value }: { value: number }) {
  const share = Math.min(1, value / WHOLE_NORM || 0);
  return (
    <span role="cell" class="value-norm" data-norm={value}>
      <i>
        <i style={{ width: `${(100 * share).toFixed(1)}%` }} />
      </i>
      {Number.isFinite(value) ? value.toFixed(1) : "–"}
    </span>
  );
}

function MassRow({ mass, props }: { mass: HiddenMass; props: WeightTableProps }) {
  const { heads, firstColumn } = props;
  return (
    <>
      <div role="row" aria-label={mass.caption} class={mass.isSink ? "is-sink" : ""}>
        {props.behind !== null && <span role="cell" class="value-norm" />}
        {heads.map(({ head }, i) => (
          <span role="cell" key={head}>
            {formatWeight(mass.byHead[firstColumn + i]!)}
          </span>
        ))}
        <span role="cell" class="is-mean">
          {formatWeight(mass.mean)}
        </span>
      </div>
      <p>{mass.caption}</p>
    </>
  );
}

/** Rows up to the last one that is not off; the foot comes right under it, or at the window's end. */
function rowsOn(axis: Axis): number {
  return axis.rows.findLastIndex((row) => !row.off) + 1;
}

const lineHeight = 16;

function footHeight({ hidden, uniform }: WeightRows, rowHeight: number): number {
  const apart = hidden.some(({ isSink }) => isSink === true) ? NO_KEY_GAP : 0;
  const masses = apart + hidden.length * (rowHeight + 2 * lineHeight);
  return masses + (uniform === null ? 0 : 2 * lineHeight);
}

/** Only whole rows above the foot, which else would lie over them. */
function rowsAboveFoot(props: WeightTableProps, count: number): { first: number; end: number } {
  const { rows, rowHeight, seen } = props;
  const height = Math.max(0, seen.height - footHeight(rows, rowHeight));
  const { first } = rowsInWindow(seen, rowHeight, count);
  const last = Math.floor((seen.top + height + lineHeight) / rowHeight);
  return { first, end: Math.max(first, Math.min(count, last)) };
}

export function WeightTable(props: WeightTableProps) {
  const { rows, axis, rowHeight } = props;
  const count = rowsOn(axis);
  const { first, end } = rowsAboveFoot(props, count);
  return (
    <div class="weight-table" role="table" aria-label="Weights">
      <div role="rowgroup" class="weight-rows" style={{ height: `${count * rowHeight}px` }}>
        {Array.from({ length: end - first }, (_, i) => first + i)
          .filter((index) => !axis.rows[index]!.off)
          .map((index) => (
            <TokenWeights key={index} props={props} index={index} />
          ))}
      </div>
      <div role={rows.hidden.length > 0 ? "rowgroup" : "presentation"} class="weight-foot">
        {rows.hidden.map((mass) => (
          <MassRow key={mass.caption} mass={mass} props={props} />
        ))}
        {rows.uniform !== null && <p role="presentation">{rows.uniform}</p>}
      </div>
    </div>
  );
}
