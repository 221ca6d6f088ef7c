/** The heads in the large chart: those that were chosen, else those that changed most. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries } from "../../decoding/decode";
import type { Cell } from "../../draw/grid";
import { lastingChange } from "../../decoding/marked_heads";
import { chosenHeads, evolutionPane, metrics, shownMetric } from "../../state";

const MOST_BY_ITSELF = 4;

const nameOf = ({ layer, head }: Cell): string => `${layer}.${head}`;

function parse(name: string): Cell {
  const [layer, head] = name.split(".").map(Number) as [number, number];
  return { layer, head };
}

/** The four with the largest lasting change in the metric; by value at the last step where none has changed. */
function mostChanged(series: MetricSeries, metric: number): Cell[] {
  const last = series.steps.length - 1;
  const ranked = series.layers.flatMap(({ heads }, layer) =>
    Array.from({ length: heads }, (_, head) => ({
      cell: { layer, head },
      size: Math.abs(lastingChange(series, layer, head, metric)?.size ?? 0),
      value: series.at(last, layer, head, metric) || 0,
    })),
  );
  ranked.sort((a, b) => b.size - a.size || b.value - a.value);
  return ranked.slice(0, MOST_BY_ITSELF).map(({ cell }) => cell);
}

/** By layer and head. */
export const chosen: ReadonlySignal<readonly Cell[]> = computed(() => {
  const series = metrics.value;
  if (series === null || shownMetric.value === null) return [];
  const metric = series.names.indexOf(shownMetric.value);
  const cells = chosenHeads.value?.map(parse) ?? mostChanged(series, metric);
  return cells
    .filter(({ layer, head }) => head < (series.layers[layer]?.heads ?? 0))
    .sort((a, b) => a.layer - b.layer || a.head - b.head);
});

/** Add the head to the chart, or take it out. */
export function toggleChosen(cell: Cell): void {
  evolutionPane.value = "chart";
  const names = chosen.value.map(nameOf);
  const name = nameOf(cell);
  chosenHeads.value = names.includes(name)
    ? names.filter((each) => each !== name)
    : [...names, name];
}
