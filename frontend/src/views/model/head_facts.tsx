/** A head, or the mean of a layer → its name and metrics at this step, as the tip shows them. */

import { headMean, metricsOfLayer } from "../../decoding/defined_metrics";
import type { MetricSeries } from "../../decoding/decode";
import { MEAN, type Cell } from "../../draw/grid";
import { formatDifference, formatStep, formatWeight } from "../../text/format_number";
import { step, metrics, metricStep, shownMetric } from "../../state";
import { metricScale } from "../../draw/histories";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { metricTitle, metricUnit } from "../../text/metric_names";
import { isOpenHead } from "./opened_head";
import { shapes } from "./scene";
import { layerName } from "../../text/layer_names";

function title({ layer, head }: Cell): string {
  const shape = shapes.value[layer];
  if (head === MEAN)
    return `${layerName(shapes.value, layer)} · mean of ${shape?.heads ?? 0} heads`;
  return `${layerName(shapes.value, layer)} · Head ${headNumber(shape, head)}`;
}

/** Value of a metric at a step of the series, and its change from the first one. */
function valueAndChange({ layer, head }: Cell, metric: number): { now: number; change: number } {
  const series = metrics.value;
  if (series === null || metricStep.value === -1) return { now: NaN, change: NaN };
  const at = (step: number): number =>
    head === MEAN ? headMean(series, step, layer, metric) : series.at(step, layer, head, metric);
  const now = at(metricStep.value);
  return { now, change: now - at(0) };
}

/** More would lie over half of the grid; the panel beside it has them all. */
const MOST_FACTS = 9;

/** The shown metric first, then those that went farthest from the first step. */
export function toldFacts(
  series: MetricSeries,
  cell: Cell,
): { metric: number; now: number; change: number }[] {
  const first = series.names.indexOf(shownMetric.value ?? "");
  const far = (metric: number, change: number): number => {
    const { least, most } = metricScale(series, metric);
    return Math.abs(change || 0) / (most - least);
  };
  return metricsOfLayer(series, cell.layer)
    .map((metric) => ({ metric, ...valueAndChange(cell, metric) }))
    .sort(
      (a, b) =>
        Number(b.metric === first) - Number(a.metric === first) ||
        far(b.metric, b.change) - far(a.metric, a.change),
    );
}

export function HeadFacts({ cell }: { readonly cell: Cell }) {
  const series = metrics.value;
  const facts = series === null ? [] : toldFacts(series, cell);
  const name = shapes.value[cell.layer]?.name ?? "";
  return (
    <>
      <strong>{title(cell)}</strong>
      {name !== "" && <div class="head-tip-name">{name}</div>}
      {series !== null && (
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="visually-hidden">metric</span>
              </th>
              <th scope="col">step {formatStep(step.value)}</th>
              <th scope="col">from {formatStep(series.steps[0] ?? null)}</th>
            </tr>
          </thead>
          <tbody>
            {facts.slice(0, MOST_FACTS).map(({ metric, now, change }) => (
              <FactRow key={metric} name={series.names[metric]!} {...{ now, change }} />
            ))}
          </tbody>
        </table>
      )}
      {facts.length > MOST_FACTS && (
        <div class="head-tip-name">
          {facts.length - MOST_FACTS} more beside the grid when opened
        </div>
      )}
      {cell.head !== MEAN && (
        <div class="head-tip-hint">{isOpenHead(cell) ? "Click to close" : "Click to open"}</div>
      )}
    </>
  );
}

function FactRow({ name, now, change }: { name: string; now: number; change: number }) {
  return (
    <tr>
      <th scope="row">
        {metricTitle(name)}
        {metricUnit(name) !== "" && <small data-unit={metricUnit(name)} />}
      </th>
      <td>{formatWeight(now)}</td>
      <td>{formatDifference(change)}</td>
    </tr>
  );
}
