/** Every head's largest lasting change → the table "Which head became what, when". */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { Table } from "../../text/csv";
import type { MetricSeries } from "../../decoding/decode";
import { headColour } from "../../draw/colour";
import { useTable } from "../../saving/exported";
import { formatStep, formatValue, formatWeight } from "../../text/format_number";
import { becameText, type LastingChange } from "../../decoding/marked_heads";
import {
  changes,
  edgePatterns,
  factsError,
  hoverStep,
  markAbove,
  readStep,
  steps,
  theme,
  metrics,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { Meaning } from "../../controls/meaning";
import { meaningOf } from "../../text/meanings";
import { metricTitle, metricUnit } from "../../text/metric_names";
import { historiesOf, shapes } from "../model/scene";
import { SparkLine } from "../../parts/chart/spark_line";
import { toggleChosen } from "./chosen";
import { openPattern } from "./open_pattern";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { nameOf } from "./heads_chart";
import { PatternPair } from "./pattern_pair";
import { pointed } from "./pointed";
import { isMap, main } from "./scene";
import { layerName } from "../../text/layer_names";

type Column = "step" | "head" | "became" | "size";

const FEWEST_ROWS = 10;
/** Heights of a row with its pattern, and of what stands around the table. */
const ROW = 58;
const AROUND = 90;
/** The table as a file has all of them. */
const MOST_ROWS = 300;

/** Longer steps stand without the word: "1,500". */
const MOST_DIGITS = 5;

/** As many as stand over a pattern. */
const MOST_EDGE_DIGITS = 6;

/** Of the column of head and step. */
function stepWidth(digits: number): number {
  return Math.max(46, 11 + 6 * (digits + (digits <= MOST_DIGITS ? 4 : 0)));
}

interface Row extends LastingChange {
  readonly became: string;
}

const orders: Record<Column, (a: Row, b: Row) => number> = {
  step: (a, b) => a.step - b.step,
  head: (a, b) => a.layer - b.layer || a.head - b.head,
  became: (a, b) => a.became.localeCompare(b.became, "en"),
  size: (a, b) => Math.abs(b.size) - Math.abs(a.size),
};

const columns: readonly { id: Column; name: string }[] = [
  { id: "step", name: "Step" },
  { id: "head", name: "Head" },
  { id: "became", name: "Became" },
  { id: "size", name: "Size" },
];

export function ChangeTable() {
  const sort = useSignal<Column>("step");
  const isWhole = useSignal(false);
  const series = metrics.value!;
  const rows = useMemo<Row[]>(
    () =>
      changes.value.map((change) => ({
        ...change,
        became: becameText(series, change),
      })),
    [series, changes.value],
  );
  useTable("Heads that changed", rows.length === 0 ? null : () => changesTable(series, sorted));
  const digits = Math.max(1, ...rows.map(({ step }) => formatStep(step).length));
  const sorted = rows.toSorted(orders[sort.value]);
  const first = Math.max(FEWEST_ROWS, Math.floor((viewSize.value.height - AROUND) / ROW));
  const shown = sorted.slice(0, isWhole.value ? MOST_ROWS : first);
  return (
    <section
      class={digits <= MOST_DIGITS ? "changes has-word" : "changes"}
      style={{ "--step": `${stepWidth(digits)}px` }}
      aria-label="Which head became what, when"
    >
      {rows.length === 0 ? (
        <p class="side-hint">{noneText()}</p>
      ) : (
        <table role="table">
          <Head sort={sort.value} onSort={(column) => (sort.value = column)} />
          <tbody role="rowgroup">
            {shown.map((row) => (
              <ChangeRow key={`${row.layer}.${row.head}`} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {rows.length > first && (
        <button
          type="button"
          class="link changes-more"
          onClick={() => (isWhole.value = !isWhole.value)}
        >
          {isWhole.value ? "fewer" : `${rows.length - first} more`}
        </button>
      )}
    </section>
  );
}

/** Numbers of heads as the grid has them. */
function changesTable(series: MetricSeries, rows: readonly Row[]): Table {
  return {
    columns: ["step", "layer", "head", "became", "metric", "before", "after", "size"],
    rows: rows.map(({ step, layer, head, became, metric, before, after, size }) => [
      ...[step, layer, headNumber(shapes.value[layer], head), became],
      ...[series.names[metric]!, before, after, size],
    ]),
  };
}

/** Which heads changed comes after the metrics. */
export function noneText(): string {
  if (factsError.value !== null)
    return `What changed cannot be worked out: ${factsError.value.message}`;
  if ((metrics.value?.evolution ?? null) === null) return "Looking for what changed …";
  if (steps.value.length < 2) return "One step so far: changes need two and more.";
  return `No head changed for good by ${formatWeight(markAbove.value)} or more, above its own noise.`;
}

/** Over the two patterns: their steps, or in words where the digits have no room. */
export function edgeNames([first, last]: readonly [number, number]): [string, string] {
  if (String(last).length > MOST_EDGE_DIGITS) return ["first", "last"];
  return [first > 99 ? formatStep(first) : `step ${first}`, formatStep(last)];
}

function Head({ sort, onSort }: { sort: Column; onSort: (column: Column) => void }) {
  const edges = edgePatterns.value?.steps ?? null;
  return (
    <thead role="rowgroup">
      <tr role="row">
        {columns.map(({ id, name }) => (
          <th
            key={id}
            role="columnheader"
            scope="col"
            aria-sort={id !== sort ? "none" : id === "size" ? "descending" : "ascending"}
          >
            <button
              type="button"
              title={`Sort by ${name.toLowerCase()}`}
              onClick={() => onSort(id)}
            >
              {name}
              {id === sort && <span aria-hidden="true"> {id === "size" ? "↓" : "↑"}</span>}
            </button>
            {id === "became" && <Meaning text={meaningOf.became} />}
          </th>
        ))}
        <th role="columnheader" scope="col" class="pattern-steps">
          {edges === null ? (
            <span class="visually-hidden">patterns</span>
          ) : (
            <>
              {edgeNames(edges).map((name, at) => (
                <span key={edges[at]} title={`step ${formatStep(edges[at]!)}`}>
                  {name}
                </span>
              ))}
            </>
          )}
        </th>
      </tr>
    </thead>
  );
}

/** All of the row is the button that opens the pattern; with Shift the head goes into the chart. */
function ChangeRow({ row }: { readonly row: Row }) {
  const { layer, head, step, before, after } = row;
  const isLit = pointed.value?.layer === layer && pointed.value.head === head;
  const metric = metrics.value!.names[row.metric]!;
  const open = (event: MouseEvent): void =>
    event.shiftKey ? toggleChosen(row) : openPattern(row, step);
  return (
    <tr
      role="row"
      class={isLit ? "change is-lit" : "change"}
      data-metric={metric}
      data-before={before}
      data-after={after}
      onPointerEnter={() => (hoverStep.value = step)}
      onPointerLeave={() => (hoverStep.value = null)}
    >
      <td role="cell">{formatStep(step)}</td>
      <td role="cell">
        <i style={{ background: headColour(head, theme.value) }} />
        <strong>{nameOf(row)}</strong>
        <button
          type="button"
          aria-label={`Open the pattern of ${layerName(shapes.value, layer).toLowerCase()} head ${head} at step ${formatStep(step)}`}
          title={`${row.became}: ${metricTitle(metric)}, median before and after. Shift-click: into the chart`}
          onClick={open}
        />
      </td>
      <td role="cell" class="became">
        <span>{row.became}</span>
      </td>
      <td role="cell" class="change-size">
        <span>
          {formatValue(before)} → {formatValue(after)}
          {metricUnit(metric) !== "" && ` ${metricUnit(metric)}`}
        </span>
        {!isMap.value && <Curve row={row} />}
      </td>
      <td role="cell" class="change-patterns">
        <PatternPair cell={row} />
      </td>
    </tr>
  );
}

function Curve({ row }: { readonly row: Row }) {
  const histories = historiesOf(metrics.value!, row.metric);
  return (
    <SparkLine
      line={histories.line(row.layer, row.head)}
      place={histories.place(readStep.value ?? 0)}
      theme={theme.value}
      run={main.value?.run ?? 0}
    />
  );
}
