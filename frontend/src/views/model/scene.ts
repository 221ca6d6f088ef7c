/** What is selected, loaded and set → layers, order and pixels of the model view; signals, no DOM. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries, Thumbnails } from "../../decoding/decode";
import { headsInOrder, MEAN, sortHeads } from "../../draw/grid";
import { drawRows, headsInk, type HeadsScene } from "../../draw/heads_picture";
import { Histories } from "../../draw/histories";
import { keptInk } from "../../draw/kept_ink";
import type { Paint } from "../../parts/heads_grid/canvas_painter";
import { linesCaption, type LayerShape } from "../../parts/heads_grid/grid_layers";
import { placeHeads, type PlacedGrid } from "../../parts/heads_grid/grid_room";
import {
  dimBelow,
  gridZoom,
  headMaps,
  markAbove,
  metricAt,
  metrics,
  metricStep,
  presentMetric,
  record,
  shown,
  shownMetric,
  sortBy,
  step,
  stepError,
  theme,
  thumbnails,
  shownThumbnails,
} from "../../state";
import { metricTitle } from "../../text/metric_names";
import { filteredPictures } from "./sentence_part";

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

export const isUnreadable: ReadonlySignal<boolean> = computed(
  () =>
    thumbnails.value.status === "error" ||
    (headMaps.value.status === "error" && headMaps.value.error.damaged),
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
  () => metrics.value?.names.includes(presentMetric(sortBy.value)) ?? false,
);

/** Why head numbers stand under each cell, whatever the room. */
const orderCaption: ReadonlySignal<string | null> = computed(() => {
  if (isSorted.value) return `most to least ${metricTitle(presentMetric(sortBy.value))}`;
  const areChosen = shapes.value.some((shape) => shape.head_numbers !== undefined);
  return areChosen ? "logged heads, their numbers below" : null;
});

/** Order of each layer's heads from left to right. */
export const orders: ReadonlySignal<readonly (readonly number[])[]> = computed(() => {
  const metric = metrics.value?.names.indexOf(presentMetric(sortBy.value)) ?? -1;
  return shapes.value.map(({ heads }, layer) =>
    isSorted.value
      ? sortHeads(heads, (head) => metricAt(layer, head, metric, metricStep.value))
      : headsInOrder(heads),
  );
});

const isNotDim = (): boolean => false;

const isDim = computed((): HeadsScene["isDim"] => {
  const least = dimBelow.value;
  if (least <= 0) return isNotDim;
  const metric = histories.value?.metric ?? -1;
  const at = metricStep.value;
  if (metric === -1 || at === -1) return isNotDim;
  return (layer, head) => metricAt(layer, head, metric, at) < least;
});

export const layout: ReadonlySignal<PlacedGrid> = computed(() =>
  placeHeads({
    shapes: shapes.value,
    orders: orders.value,
    numbered: orderCaption.value !== null,
    hasShares: (metrics.value?.evolution ?? null) !== null,
  }),
);

/** What stands over the columns instead of head numbers, when these stand under each cell. */
export const columnCaption: ReadonlySignal<string | null> = computed(
  () => orderCaption.value ?? linesCaption(layout.value),
);

/** Cells hold one colour each. */
export const isMap: ReadonlySignal<boolean> = computed(() => layout.value.isOverview);

/** More heads than are first shown as patterns: they can be zoomed. */
export const areMany: ReadonlySignal<boolean> = computed(
  () => isMap.value || gridZoom.value !== null,
);

/** Heads with weights that are not numbers, and the mean over a layer that has one. */
const broken: ReadonlySignal<ReadonlySet<string>> = computed(() => {
  const faults = (shown(record.value)?.faults ?? []).filter(({ fault }) => fault === "nan");
  return new Set(
    faults.flatMap(({ layer, heads }) => [MEAN, ...heads].map((head) => `${layer}.${head}`)),
  );
});

export const hasBroken: ReadonlySignal<boolean> = computed(() => broken.value.size > 0);

export function isBrokenHead(layer: number, head: number): boolean {
  return broken.value.size > 0 && broken.value.has(`${layer}.${head}`);
}

const inkOf = keptInk(headsInk);

const pictures: ReadonlySignal<Thumbnails | null> = computed(() =>
  filteredPictures(fitting.value.pictures),
);

/** What the cells are painted from: the same object as long as it is the same, through steps that are on their way. */
const cells = computed(() => {
  const faults = hasBroken.value ? broken.value : null;
  return {
    theme: theme.value,
    thumbnails: pictures.value,
    style: shownThumbnails.value === "lines" ? ("lines" as const) : ("heat" as const),
    isDim: isDim.value,
    isBroken: (layer: number, head: number): boolean => faults?.has(`${layer}.${head}`) ?? false,
  };
});

const patternScene: ReadonlySignal<HeadsScene> = computed(() => ({
  ...cells.value,
  histories: histories.value,
  step: step.value ?? 0,
  isDamaged: stepError.value?.damaged ?? false,
}));

/** Patterns of all layers, or of all but some. */
export function patternPaint(isLeft?: (layer: number) => boolean): Paint {
  const name = theme.value;
  const scene = { ...patternScene.value, ...(isLeft !== undefined && { isLeft }) };
  const paint: Paint = (target, layout, rows, scale, areCellsKept) =>
    drawRows(target, layout, rows, scene, inkOf(name, scale), areCellsKept);
  return isLeft === undefined ? Object.assign(paint, { cells: cells.value }) : paint;
}
