/** What is selected, loaded and set → layers, order and pixels of the model view; signals, no DOM. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import {
  gridLayout,
  headsInOrder,
  sortHeads,
  type GridLayer,
  type GridLayout,
} from "../../draw/grid";
import { drawRows, headsInk, type HeadsInk, type HeadsScene } from "../../draw/heads_picture";
import { Histories, metricsOfLayer } from "../../draw/histories";
import type { MetricSeries, Thumbnails } from "../../decoding/decode";
import {
  cellMetric,
  dimBelow,
  FOLD_WIDTH,
  frameWidth,
  markAbove,
  record,
  series,
  shown,
  sortBy,
  step,
  stepError,
  theme,
  thumbnails,
  thumbnailStyle,
} from "../../state";
import type { Paint } from "../../parts/heads_grid/canvas_painter";
import { gridLayers, type LayerShape } from "../../parts/heads_grid/grid_layers";
import { metricTitle } from "../../text/metric_names";
import { filteredPictures } from "./sentence_part";

export const metrics: ReadonlySignal<MetricSeries | null> = computed(
  () => shown(series.value) ?? null,
);

/** Metrics that some head of this probe has. */
export const definedMetrics: ReadonlySignal<readonly string[]> = computed(() => {
  const of = metrics.value;
  if (of === null) return [];
  const defined = new Set(of.layers.flatMap((_, layer) => metricsOfLayer(of, layer)));
  return of.names.filter((_, metric) => defined.has(metric));
});

/** Names of the token pairs that were tracked when logging. */
export const tracked: ReadonlySignal<ReadonlySet<string>> = computed(
  () => new Set(metrics.value?.evolution?.track.map(({ name }) => name) ?? []),
);

/** The metric of each head's history: the chosen one, a tracked token pair, or the first one of this probe. */
export const shownMetric: ReadonlySignal<string | null> = computed(() => {
  const names = definedMetrics.value;
  if (names.includes(cellMetric.value)) return cellMetric.value;
  return names.find((name) => tracked.value.has(name)) ?? names[0] ?? null;
});

const historiesOfSeries = new WeakMap<MetricSeries, Map<string, Histories>>();

/** Histories of one metric, kept as long as the series is. */
export function historiesOf(of: MetricSeries, metric: number): Histories {
  const known = historiesOfSeries.get(of) ?? new Map<string, Histories>();
  historiesOfSeries.set(of, known);
  const smallest = markAbove.value;
  const key = `${metric} ${smallest}`;
  const found = known.get(key) ?? new Histories(of, metric, { smallest });
  known.set(key, found);
  return found;
}

export const histories: ReadonlySignal<Histories | null> = computed(() => {
  if (metrics.value === null || shownMetric.value === null) return null;
  return historiesOf(metrics.value, metrics.value.names.indexOf(shownMetric.value));
});

/** Index of the selected step in the series; -1 when it has no metrics. */
export const metricStep: ReadonlySignal<number> = computed(() =>
  step.value === null ? -1 : (metrics.value?.steps.indexOf(step.value) ?? -1),
);

export const isUnreadable: ReadonlySignal<boolean> = computed(
  () => thumbnails.value.status === "error",
);

interface Shown {
  readonly shapes: readonly LayerShape[];
  readonly pictures: Thumbnails | null;
}

let lastShown: Shown = { shapes: [], pictures: null };

/** Layers and pictures that fit each other; while only one of a new pair is there, the old pair. */
const fitting: ReadonlySignal<Shown> = computed(() => {
  const layers: readonly LayerShape[] = isUnreadable.value
    ? (metrics.value?.layers ?? lastShown.shapes)
    : (shown(record.value)?.layers ?? []);
  const pictures = isUnreadable.value ? null : (shown(thumbnails.value) ?? null);
  const fits =
    pictures === null ||
    (pictures.layers.length === layers.length &&
      pictures.layers.every(({ heads }, at) => heads === layers[at]!.heads));
  if (fits && layers.length > 0) {
    const isSame = JSON.stringify(layers) === JSON.stringify(lastShown.shapes);
    lastShown = { shapes: isSame ? lastShown.shapes : layers, pictures };
  }
  return lastShown;
});

/** The same array as long as the layers are the same. */
export const shapes: ReadonlySignal<readonly LayerShape[]> = computed(() => fitting.value.shapes);

/** By a metric that this probe has; then each layer has its own order of heads. */
export const isSorted: ReadonlySignal<boolean> = computed(
  () => metrics.value?.names.includes(sortBy.value) ?? false,
);

/** What stands over the columns instead of head numbers, when these stand under each cell. */
export const columnCaption: ReadonlySignal<string | null> = computed(() => {
  if (isSorted.value) return `most to least ${metricTitle(sortBy.value)}`;
  const areChosen = shapes.value.some((shape) => shape.head_numbers !== undefined);
  return areChosen ? "logged heads, their numbers below" : null;
});

/** Order of each layer's heads from left to right. */
export const orders: ReadonlySignal<readonly (readonly number[])[]> = computed(() => {
  const metric = metrics.value?.names.indexOf(sortBy.value) ?? -1;
  return shapes.value.map(({ heads }, layer) =>
    isSorted.value
      ? sortHeads(heads, (head) => metricAt(layer, head, metric, metricStep.value))
      : headsInOrder(heads),
  );
});

export function metricAt(layer: number, head: number, metric: number, at: number): number {
  return at < 0 ? NaN : (metrics.value?.at(at, layer, head, metric) ?? NaN);
}

function isDimmer(): (layer: number, head: number) => boolean {
  const least = dimBelow.value;
  const metric = histories.value?.metric ?? -1;
  const at = metricStep.value;
  if (least <= 0 || metric === -1 || at === -1) return () => false;
  return (layer, head) => metricAt(layer, head, metric, at) < least;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of the part of the view that holds the grid with its title and legend. */
export const gridSize: Signal<Size> = signal({ width: 656, height: 640 });

const isNarrow = computed(() => frameWidth.value < FOLD_WIDTH);

/** Heights of what stands above and below the rows, widths of what stands beside the cells. */
const ABOVE = 72;
const BELOW = 86;
const BESIDE = 40;
const SCROLL_BAR = 11;

/** Every head at the same place, whatever is drawn of it. */
export function placeHeads(layers: readonly GridLayer[], numbered: boolean): GridLayout {
  const room = {
    width: gridSize.value.width - BESIDE,
    height: gridSize.value.height - ABOVE - BELOW,
    pitchX: isNarrow.value ? 47 : 46,
    numbered,
  };
  const free = gridLayout(layers, room);
  if (free.height <= room.height) return free;
  return gridLayout(layers, { ...room, width: room.width - SCROLL_BAR });
}

export const layout: ReadonlySignal<GridLayout> = computed(() =>
  placeHeads(
    gridLayers(shapes.value, (at) => orders.value[at] ?? []),
    columnCaption.value !== null,
  ),
);

const inks = new Map<string, HeadsInk>();

function inkOf(name: "light" | "dark", scale: number): HeadsInk {
  const key = `${name} ${scale}`;
  const ink = inks.get(key) ?? headsInk(name, scale);
  inks.set(key, ink);
  return ink;
}

export const paint: ReadonlySignal<Paint> = computed(() => {
  const scene: HeadsScene = {
    thumbnails: filteredPictures(fitting.value.pictures),
    style: thumbnailStyle.value,
    histories: histories.value,
    step: step.value ?? 0,
    isDamaged: stepError.value?.damaged ?? false,
    isDim: isDimmer(),
  };
  const name = theme.value;
  return (target, layout, rows, scale) => drawRows(target, layout, rows, scene, inkOf(name, scale));
});
