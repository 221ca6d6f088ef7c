/** The chosen head → a table of its metrics, those that moved most first: history, value at this step, change from the first step. */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { MetricSeries } from "../../decoding/decode";
import { Meaning } from "../../controls/meaning";
import { metricsOfLayer } from "../../decoding/defined_metrics";
import { metricScale } from "../../draw/histories";
import { formatDifference, formatStep, formatWeight } from "../../text/format_number";
import { head, layer, step, theme, metrics, metricStep, shownMetric } from "../../state";
import { metricMeaning, metricTitle, metricUnit } from "../../text/metric_names";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { historiesOf, layout } from "./scene";
import { SparkLine } from "../../parts/chart/spark_line";

/** What stands over the table, its title and what is under it; a wide panel has it beside the pattern. */
const ABOVE = { under: 536, beside: 140 };
const BESIDE_FROM = 664;
const ROW = 24;
const LEAST_ROWS = 5;

/** How far it went over the steps, in parts of its scale; of one that never moved 0. */
function moved(series: MetricSeries, at: number, of: number, metric: number): number {
  let [least, most] = [Infinity, -Infinity];
  for (let row = 0; row < series.steps.length; row++) {
    const value = series.at(row, at, of, metric);
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const scale = metricScale(series, metric);
  return most > least ? (most - least) / (scale.most - scale.least) : 0;
}

/** The shown metric, then those that moved most; the same at every step. */
export function rankMetrics(series: MetricSeries, at: number, of: number, first: string | null) {
  const ranked = metricsOfLayer(series, at).map((metric) => ({
    metric,
    name: series.names[metric]!,
    moved: moved(series, at, of, metric),
  }));
  return ranked.sort(
    (a, b) => Number(b.name === first) - Number(a.name === first) || b.moved - a.moved,
  );
}

export function MetricTable() {
  const series = metrics.value;
  const isWhole = useSignal(false);
  const rows = useMemo(
    () => (series === null ? [] : rankMetrics(series, layer.value, head.value, shownMetric.value)),
    [series, layer.value, head.value, shownMetric.value],
  );
  if (series === null || rows.length === 0) return null;
  const above = layout.value.panel >= BESIDE_FROM ? ABOVE.beside : ABOVE.under;
  const room = Math.max(LEAST_ROWS, Math.floor((viewSize.value.height - above) / ROW));
  const shown = isWhole.value || rows.length <= room + 1 ? rows : rows.slice(0, room);
  const rest = rows.slice(shown.length);
  return (
    <div>
      <table class="metric-table" aria-label="Metrics of the chosen head">
        <thead>
          <tr>
            <th scope="col" class="is-title">
              Over the steps
            </th>
            <th scope="col" class="is-history">
              <span class="visually-hidden">over steps</span>
            </th>
            <StepHeader step={step.value} word="step" long="this step" />
            <StepHeader step={series.steps[0] ?? null} word="from" long="from first" />
          </tr>
        </thead>
        <tbody>
          {shown.map(({ metric, name }) => (
            <MetricRow key={metric} name={name} metric={metric} />
          ))}
        </tbody>
      </table>
      {rest.length > 0 && (
        <p class="metric-rest">
          <button type="button" class="link" onClick={() => (isWhole.value = true)}>
            {rest.length} more {rest.length === 1 ? "metric" : "metrics"}
          </button>
          {still(rest)}
        </p>
      )}
    </div>
  );
}

/** Longer steps have no room over a column of numbers. */
const MOST_DIGITS = 6;

interface StepHeaderProps {
  readonly step: number | null;
  readonly word: string;
  /** Instead of word and number. */
  readonly long: string;
}

function StepHeader({ step: shown, word, long }: StepHeaderProps) {
  const whole = `${word} ${formatStep(shown)}`;
  return (
    <th scope="col" title={whole}>
      {String(shown).length > MOST_DIGITS ? long : whole}
    </th>
  );
}

/** Less than is seen in a number. */
const NOTHING = 0.005;

function still(rest: readonly { readonly moved: number }[]): string {
  const count = rest.filter(({ moved: of }) => of < NOTHING).length;
  if (count === 0) return "";
  if (count < rest.length) return `, ${count} of them did not move`;
  return rest.length === 1 ? ", it did not move" : ", none of them moved";
}

function MetricRow({ name, metric }: { readonly name: string; readonly metric: number }) {
  const series = metrics.value!;
  const at = metricStep.value;
  const histories = historiesOf(series, metric);
  const now = at === -1 ? NaN : series.at(at, layer.value, head.value, metric);
  const first = series.at(0, layer.value, head.value, metric);
  return (
    <tr>
      <th scope="row" title={metricTitle(name)}>
        <span class="metric-name">{metricTitle(name).replace("→", " → ")}</span>
        {metricUnit(name) !== "" && <small data-unit={metricUnit(name)} />}
        <Meaning of={metricTitle(name)} text={`${metricMeaning(name)}.`} />
      </th>
      <td class="is-history">
        <SparkLine
          line={histories.line(layer.value, head.value)}
          place={histories.place(step.value ?? 0)}
          theme={theme.value}
        />
      </td>
      <td class="is-now">{formatWeight(now)}</td>
      <td class="is-change">{formatDifference(now - first)}</td>
    </tr>
  );
}
