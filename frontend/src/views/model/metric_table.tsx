/** The chosen head → a table of its metrics: history, value at this step, change from the first step. */

import { metricsOfLayer } from "../../decoding/defined_metrics";
import { formatDifference, formatWeight } from "../../text/format_number";
import { head, layer, step, theme, metrics, metricStep } from "../../state";
import { metricMeaning, metricTitle } from "../../text/metric_names";
import { historiesOf } from "./scene";
import { SparkLine } from "../../parts/chart/spark_line";

export function MetricTable() {
  const series = metrics.value;
  if (series === null) return null;
  return (
    <table class="metric-table" aria-label="Metrics of the chosen head">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col" class="is-history">
            <span class="visually-hidden">over steps</span>
          </th>
          <th scope="col">step {step.value}</th>
          <th scope="col">from {series.steps[0]}</th>
        </tr>
      </thead>
      <tbody>
        {metricsOfLayer(series, layer.value).map((metric) => (
          <MetricRow key={metric} name={series.names[metric]!} metric={metric} />
        ))}
      </tbody>
    </table>
  );
}

function MetricRow({ name, metric }: { readonly name: string; readonly metric: number }) {
  const series = metrics.value!;
  const at = metricStep.value;
  const histories = historiesOf(series, metric);
  const now = at === -1 ? NaN : series.at(at, layer.value, head.value, metric);
  const first = series.at(0, layer.value, head.value, metric);
  return (
    <tr>
      <th scope="row" title={metricMeaning(name)}>
        {metricTitle(name)}
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
