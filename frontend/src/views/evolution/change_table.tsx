/** Every head's largest lasting change → the table "Which head became what, when". */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { Table } from "../../text/csv";
import type { MetricSeries } from "../../decoding/decode";
import { headColour } from "../../draw/colour";
import { useTable } from "../../saving/exported";
import { formatValue, formatWeight } from "../../text/format_number";
import { becameText, type LastingChange } from "../../decoding/marked_heads";
import { changes, hoverStep, markAbove, readStep, steps, theme, metrics } from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { metricTitle } from "../../text/metric_names";
import { historiesOf, shapes } from "../model/scene";
import { SparkLine } from "../../parts/chart/spark_line";
import { openPattern } from "./evolution_grid";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { nameOf } from "./heads_chart";
import { PatternPair } from "./pattern_pair";
import { pointed } from "./pointed";
import { isMap } from "./scene";
import { layerName } from "../../text/layer_names";

type Column = "step" | "head" | "became" | "size";

const FEWEST_ROWS = 10;
/** Heights of a row with its pattern, and of what stands around the table. */
const ROW = 58;
const AROUND = 110;
/** The table as a file has all of them. */
const MOST_ROWS = 300;

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
  { id: "size", name: "before → after" },
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
  const sorted = rows.toSorted(orders[sort.value]);
  const first = Math.max(FEWEST_ROWS, Math.floor((viewSize.value.height - AROUND) / ROW));
  const shown = sorted.slice(0, isWhole.value ? MOST_ROWS : first);
  return (
    <section class="changes" aria-label="Which head became what, when">
      <h2>Which head became what, when</h2>
      {rows.length === 0 ? (
        <p class="side-hint">{noneText()}</p>
      ) : (
        <table>
          <Head sort={sort.value} onSort={(column) => (sort.value = column)} />
          <tbody>
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

function noneText(): string {
  if (steps.value.length < 2) return "One step so far: changes need two and more.";
  return `No head changed for good by ${formatWeight(markAbove.value)} or more, above its own noise.`;
}

function Head({ sort, onSort }: { sort: Column; onSort: (column: Column) => void }) {
  return (
    <thead>
      <tr>
        {columns.map(({ id, name }) => (
          <th
            key={id}
            scope="col"
            aria-sort={id !== sort ? "none" : id === "size" ? "descending" : "ascending"}
          >
            <button type="button" onClick={() => onSort(id)}>
              {name}
              {id === sort && <span aria-hidden="true"> {id === "size" ? "↓" : "↑"}</span>}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function ChangeRow({ row }: { readonly row: Row }) {
  const { layer, head, step, before, after } = row;
  const isLit = pointed.value?.layer === layer && pointed.value.head === head;
  const name = metricTitle(metrics.value!.names[row.metric]!);
  return (
    <tr
      class={isLit ? "is-lit" : ""}
      data-metric={metrics.value!.names[row.metric]}
      data-before={before}
      data-after={after}
      onPointerEnter={() => (hoverStep.value = step)}
      onPointerLeave={() => (hoverStep.value = null)}
    >
      <td>{step}</td>
      <td>
        <i style={{ background: headColour(head, theme.value) }} />
        <strong>{nameOf(row)}</strong>
      </td>
      <td title={`${row.became}: ${name}`}>
        <span class="became">
          <span>{row.became}</span>
          <button
            type="button"
            class="link"
            aria-label={`Open the pattern of ${layerName(shapes.value, layer).toLowerCase()} head ${head} at step ${step}`}
            onClick={() => openPattern(row, step)}
          >
            open →
          </button>
        </span>
        {!isMap.value && <Curve row={row} />}
      </td>
      <td title={`${name}, median before and after`}>
        {formatValue(before)} → {formatValue(after)}
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
    />
  );
}
