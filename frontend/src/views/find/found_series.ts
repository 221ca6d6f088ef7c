/** The search so far, or the series of a tracked pair → every head's weight over the steps, to be ranked and drawn. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries } from "../../decoding/decode";
import { findPattern, record, search, series, shown, step } from "../../state";
import { rankAt, type HeadsOverSteps, type RankedHead } from "./ranking";

function ofSearch(): HeadsOverSteps | null {
  const { values, heads, layers, uniform } = search.value.found;
  if (values.size === 0) return null;
  const shapes = shown(record.value)?.layers ?? [];
  return {
    steps: [...values.keys()].sort((a, b) => a - b),
    layers,
    heads: (layer) => Math.min(heads, shapes[layer]?.heads ?? heads),
    at: (at, layer, head) => values.get(at)?.[layer * heads + head] ?? NaN,
    uniform: (layer) => uniform[layer] ?? NaN,
  };
}

function ofTracked(of: MetricSeries, name: string): HeadsOverSteps | null {
  const metric = of.names.indexOf(name);
  if (metric === -1) return null;
  const places = new Map([...of.steps].map((at, place) => [at, place]));
  return {
    steps: [...of.steps],
    layers: of.layers.length,
    heads: (layer) => of.layers[layer]?.heads ?? 0,
    at: (at, layer, head) => of.at(places.get(at) ?? -1, layer, head, metric),
    uniform: (layer) => of.evolution?.baseline[layer * of.names.length + metric] ?? NaN,
  };
}

export const overSteps: ReadonlySignal<HeadsOverSteps | null> = computed(() => {
  const pattern = findPattern.value;
  if (pattern === null) return null;
  if (!("tracked" in pattern)) return ofSearch();
  const of = shown(series.value);
  return of === undefined ? null : ofTracked(of, pattern.tracked);
});

export const rankedHeads: ReadonlySignal<readonly RankedHead[]> = computed(() =>
  overSteps.value === null || step.value === null ? [] : rankAt(overSteps.value, step.value),
);
