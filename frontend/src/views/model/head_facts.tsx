/** A head, or the mean of a layer → its name and metrics at this step, as the tip shows them. */

import { headMean, metricsOfLayer } from "../../decoding/defined_metrics";
import { MEAN, type Cell } from "../../draw/grid";
import { formatDifference, formatStep, formatWeight } from "../../text/format_number";
import { step, metrics, metricStep } from "../../state";
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

export function HeadFacts({ cell }: { readonly cell: Cell }) {
  const series = metrics.value;
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
            {metricsOfLayer(series, cell.layer).map((metric) => (
              <FactRow
                key={metric}
                name={series.names[metric]!}
                {...valueAndChange(cell, metric)}
              />
            ))}
          </tbody>
        </table>
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
        {metricUnit(name) !== "" && <small>{metricUnit(name)}</small>}
      </th>
      <td>{formatWeight(now)}</td>
      <td>{formatDifference(change)}</td>
    </tr>
  );
}
