/** The shown cell → what it says: its tokens and weight, its row as bars, and itself over the steps. */

import { useEffect, useMemo } from "preact/hooks";

import { formatStep, formatWeight } from "../../text/format_number";
import { elide } from "../../text/tokens";
import { isContribution, quantityName, type WantedCell, wantedCell } from "../../state";
import { keyCount } from "../../decoding/mask";
import type { AxisRow } from "../../parts/token_lines/axis";
import { CellChart } from "./cell_chart";
import { type RowBars, rowBars } from "./row_bars";
import { type MatrixSource, weightIn } from "./use_matrix";
import type { Cell } from "./viewport";
import { layerName } from "../../text/layer_names";

export interface CellPanelProps {
  source: MatrixSource;
  shown: Cell | null;
  /** The one that stays, and that is followed over the steps. */
  selected: Cell | null;
  /** They are two cells. */
  elsewhere: boolean;
  width: number;
  /** Of the room. */
  height: number;
}

const MOST_BARS = 14;
/** Of a bar with its name. */
const BAR = 20;
/** `around`: title, names of the parts and steps under the plot. */
const PLOT = { least: 72, most: 240, around: 220 } as const;

function decimals(weight: number): number {
  return weight >= 0.01 || weight === 0 ? 2 : 4;
}

function where({ record, weights, name }: MatrixSource): string {
  return `${layerName(record.layers, weights.layer).toLowerCase()} · ${name.toLowerCase()} · step ${formatStep(record.step)}`;
}

function Title({ source, cell }: { source: MatrixSource; cell: Cell }) {
  const query = source.axes.query.rows[cell.row]!;
  const key = source.axes.key.rows[cell.column]!;
  const weight = weightIn(source, cell);
  return (
    <header class="cell-title">
      <h2>
        <bdi title={query.raw}>{elide(query.text, 24)}</bdi> →{" "}
        <bdi title={key.raw}>{elide(key.text, 24)}</bdi>
      </h2>
      <output aria-live="polite">{formatWeight(weight, decimals(weight))}</output>
      <p>
        {where(source)}
        {source.axes.key.rows.length > MOST_BARS && ` · tokens ${query.token} → ${key.token}`}
      </p>
    </header>
  );
}

function Bar({ row, weight, full, marked }: BarProps) {
  const share = `${(100 * Math.min(1, (weight || 0) / full)).toFixed(2)}%`;
  return (
    <li class={marked ? "is-marked" : ""}>
      <bdi title={row.raw}>{elide(row.text, 24)}</bdi>
      <span class="bar-room">
        <span class="bar" style={{ width: `max(1px, ${share})` }} />
      </span>
      <span>{formatWeight(weight, full < 0.1 ? 4 : 2)}</span>
    </li>
  );
}

interface BarProps {
  row: AxisRow;
  weight: number;
  full: number;
  marked: boolean;
}

/** What uniform attention would put on each key; null where the tokens shown are no single ones. */
function uniformOf({ record, weights, text }: MatrixSource, query: number): number | null {
  if (text.changed || isContribution.value) return null;
  const seen = keyCount(record.layers[weights.layer]!, query);
  return seen === null ? null : 1 / seen;
}

function caption(token: AxisRow, { isCut, keys, full }: RowBars): string {
  const what = isCut
    ? `its ${keys.length} largest ${quantityName.value}s`
    : `its ${quantityName.value}s`;
  const scale = full < 1 ? `; a full bar is ${formatWeight(full)}` : "";
  return `Row of “${elide(token.text, 24)}”: ${what}${scale}`;
}

function Row({ source, cell }: { source: MatrixSource; cell: Cell }) {
  const { weights, axes, head } = source;
  const query = axes.query.rows[cell.row]!;
  const key = axes.key.rows[cell.column]!.token;
  const drawn = useMemo(
    () => axes.key.rows.filter(({ off }) => !off).map(({ token }) => token),
    [axes],
  );
  const values = useMemo(() => {
    const row = new Float32Array(weights.keys);
    weights.readRow(head, query.token, row);
    return row;
  }, [weights, head, query.token]);
  const bars = rowBars(values, drawn, MOST_BARS, key);
  const uniform = uniformOf(source, query.token);
  const place = uniform === null ? null : Math.min(1, uniform / bars.full);
  return (
    <section class="cell-row">
      <h3>{caption(query, bars)}</h3>
      <div class="cell-bars">
        <ul>
          {bars.keys.map((token) => (
            <Bar
              key={token}
              row={axes.key.rows[axes.key.rowOf[token]!]!}
              weight={values[token]!}
              full={bars.full}
              marked={token === key}
            />
          ))}
        </ul>
        {place !== null && <span class="uniform-line" style={{ "--place": place }} />}
      </div>
      {uniform !== null && (
        <p class="uniform-name" style={{ "--place": place! }}>
          uniform {formatWeight(uniform, decimals(uniform))}
        </p>
      )}
    </section>
  );
}

function span({ starts }: { starts: Int32Array }, group: number): readonly [number, number] {
  return [starts[group]!, starts[group + 1]!];
}

/** Tell the loader which cell to follow, as long as it is shown. */
function useWantedCell(
  { weights, head, text, axes }: MatrixSource,
  selected: Cell | null,
  one: boolean,
) {
  const query = selected && span(text.groups.query, axes.query.rows[selected.row]!.token);
  const key = selected && span(text.groups.key, axes.key.rows[selected.column]!.token);
  const wanted = query && key && one ? { layer: weights.layer, head, query, key } : null;
  const name = JSON.stringify(wanted);
  useEffect(() => {
    wantedCell.value = JSON.parse(name) as WantedCell | null;
  }, [name]);
  useEffect(
    () => () => {
      wantedCell.value = null;
    },
    [],
  );
}

/** Of the chart under the bars of a row: what they leave of the room. */
export function plotHeight(room: number, keys: number): number {
  const bars = BAR * Math.min(MOST_BARS, keys);
  return Math.max(PLOT.least, Math.min(PLOT.most, room - PLOT.around - bars));
}

export function CellPanel({ source, shown, selected, elsewhere, width, height }: CellPanelProps) {
  const isOne = source.name.startsWith("Head ");
  useWantedCell(source, selected, isOne);
  return (
    <aside class="cell-panel" aria-label="Cell" style={{ width: `${width}px` }}>
      {shown !== null && (
        <>
          <Title source={source} cell={shown} />
          <Row source={source} cell={shown} />
        </>
      )}
      {selected !== null && isOne && (
        <CellChart
          width={width}
          height={plotHeight(height, source.axes.key.rows.length)}
          pointsElsewhere={elsewhere}
        />
      )}
      {selected === null && (
        <p class="cell-hint">
          Point at a cell for its {quantityName.value} and its row; click one to keep it and to see
          it over the steps. Wheel or + and − zoom; then dragging moves. Drag over the matrix
          (zoomed: with Shift) or along the tokens to choose a region, to see it as lines or to find
          heads for it.
        </p>
      )}
    </aside>
  );
}
