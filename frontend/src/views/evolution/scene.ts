/** What is selected, loaded and set → histories, layout and pixels of the evolution view; signals, no DOM. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries } from "../../decoding/decode";
import { headColour } from "../../draw/colour";
import {
  drawEvolutionRows,
  drawPointedStep,
  evolutionInk,
  type EvolutionScene,
  type RunHistories,
} from "../../draw/evolution_picture";
import { GroupHistories } from "../../draw/group_histories";
import { headsInOrder, type Cell } from "../../draw/grid";
import { keptInk } from "../../draw/kept_ink";
import { Histories, jointScale, metricScale, type HistoryFrame } from "../../draw/histories";
import { axisOver, type StepAxis } from "../../draw/step_axis";
import { changeScale } from "../../decoding/marked_heads";
import {
  changes,
  colourNumber,
  headSort,
  foldStill,
  hoverStep,
  markAbove,
  otherSeries,
  raisedRun,
  readStep,
  run,
  runGroups,
  runNumber,
  scalarTags,
  showBaseline,
  showMarks,
  shown,
  step,
  stepAxis,
  theme,
  metrics,
  shownMetric,
} from "../../state";
import type { Paint } from "../../parts/heads_grid/canvas_painter";
import { linesCaption, type LayerShape } from "../../parts/heads_grid/grid_layers";
import { placeHeads, viewSize, type PlacedGrid } from "../../parts/heads_grid/grid_room";
import { arrange } from "./arrangement";
import { chosen } from "./chosen";
import { largestChange, mapPaint } from "../model/head_map";
import { SORT_CAPTIONS, sortedHeads } from "./head_order";
import { lanesOf, type Lane } from "./lanes";
import { mostLanes, type WhenRoom } from "./when_room";

/** Index of the shown metric in the selected run's series; -1 for none. */
export const metric: ReadonlySignal<number> = computed(() =>
  shownMetric.value === null ? -1 : (metrics.value?.names.indexOf(shownMetric.value) ?? -1),
);

/** Other runs that have the metric. */
const rivals: ReadonlySignal<readonly { name: string; series: MetricSeries; metric: number }[]> =
  computed(() =>
    [...otherSeries.value].flatMap(([name, series]) => {
      const at = series.names.indexOf(shownMetric.value ?? "");
      return at === -1 || name === run.value ? [] : [{ name, series, metric: at }];
    }),
  );

/** Of the selected run: a longer one beside it is cut, as it would press this one into a corner. */
export const axis: ReadonlySignal<StepAxis> = computed(() => {
  const own = metrics.value;
  return axisOver(own === null ? [] : [own.steps, own.damaged], stepAxis.value === "log");
});

/** Other runs that go on after the last step of the selected one. */
export const isCut: ReadonlySignal<boolean> = computed(() =>
  rivals.value.some(({ series }) => (series.steps.at(-1) ?? -Infinity) > axis.value.last),
);

const frame: ReadonlySignal<HistoryFrame | null> = computed(() => {
  if (metrics.value === null || metric.value === -1) return null;
  const own = metricScale(metrics.value, metric.value);
  const theirs = rivals.value.map((each) => metricScale(each.series, each.metric));
  const scale = jointScale([own, ...theirs]);
  return { scale, axis: axis.value, smallest: markAbove.value };
});

export const main: ReadonlySignal<RunHistories | null> = computed(() => {
  if (frame.value === null) return null;
  const histories = new Histories(metrics.value!, metric.value, frame.value);
  return { histories, run: colourNumber(run.value ?? "") };
});

/** The other ticked runs, drawn below. */
export const others: ReadonlySignal<readonly (RunHistories & { name: string })[]> = computed(() => {
  const shared = frame.value;
  if (shared === null) return [];
  return rivals.value.map(({ name, series, metric: at }) => ({
    name,
    histories: new Histories(series, at, shared),
    run: runNumber(name),
  }));
});

const raised: ReadonlySignal<RunHistories | null> = computed(() => {
  const name = raisedRun.value;
  if (name === null) return null;
  return name === run.value
    ? main.value
    : (others.value.find((each) => each.name === name) ?? null);
});

/** Of more runs than have a line each; of each group the runs that are loaded. */
export const groups: ReadonlySignal<readonly { name: string; lines: GroupHistories }[]> = computed(
  () => {
    if (main.value === null) return [];
    const loaded = new Map(others.value.map(({ name, histories }) => [name, histories]));
    loaded.set(run.value!, main.value.histories);
    return runGroups.value.flatMap(({ name, runs, number }) => {
      const inside = runs.flatMap((each) => loaded.get(each) ?? []);
      return inside.length === 0 ? [] : [{ name, lines: new GroupHistories(inside, number) }];
    });
  },
);

/** What uniform attention would score in a layer, in the metric's unit; NaN where that means nothing. */
export function baselineOf(layer: number): number {
  const series = metrics.value;
  if (series === null || series.evolution === null || metric.value === -1) return NaN;
  return series.evolution.baseline[layer * series.names.length + metric.value] ?? NaN;
}

/** What a lasting change must reach, in the metric's unit. */
export const markLimit: ReadonlySignal<number> = computed(() =>
  metrics.value === null ? NaN : markAbove.value * changeScale(metrics.value, metric.value),
);

export const shapes: ReadonlySignal<readonly LayerShape[]> = computed(
  () => metrics.value?.layers ?? [],
);

const isSorted: ReadonlySignal<boolean> = computed(() => headSort.value !== "number");

export const orders: ReadonlySignal<readonly (readonly number[])[]> = computed(() =>
  shapes.value.map(({ heads }, layer) =>
    isSorted.value && main.value !== null
      ? sortedHeads(main.value.histories, layer, heads)
      : headsInOrder(heads),
  ),
);

/** Heads with a lasting change in any metric, or in the shown one, of each layer. */
export const movedHeads: ReadonlySignal<readonly number[]> = computed(() => {
  const histories = main.value?.histories;
  return shapes.value.map(({ heads }, layer) => {
    const all = headsInOrder(heads);
    return all.filter((head) => isMoved(histories, layer, head)).length;
  });
});

function isMoved(histories: Histories | undefined, layer: number, head: number): boolean {
  return largestChange(layer, head) !== null || (histories?.change(layer, head) ?? null) !== null;
}

const heads = computed(() => ({
  shapes: shapes.value,
  orders: orders.value,
  numbered: false,
  content: "history" as const,
}));

const laneLimit = computed(() => mostLanes(viewSize.value.height));

/** What heads became, for the lanes of "When". */
export const lanes: ReadonlySignal<readonly Lane[]> = computed(() =>
  metrics.value === null ? [] : lanesOf(metrics.value, changes.value, laneLimit.value),
);
const laneCount = computed(() => lanes.value.length);

/** Until it is known that the run has no scalar its room is kept, so that nothing moves when one comes. */
const hasScalar: ReadonlySignal<boolean> = computed(() => {
  const tags = scalarTags.value;
  return tags.status !== "error" && (shown(tags)?.length ?? 1) > 0;
});

const arranged = computed(() => {
  const grid = placeHeads(heads.value);
  const { width, height } = viewSize.value;
  return arrange(grid, {
    height,
    width: width - grid.panel,
    moved: movedHeads.value,
    isFolding: foldStill.value,
    lanes: laneCount.value,
    hasScalar: hasScalar.value,
  });
});

export const layout: ReadonlySignal<PlacedGrid> = computed(() =>
  placeHeads({ ...heads.value, rows: arranged.value.rows }),
);

/** What stands over the columns instead of head numbers, when each cell has its own. */
export const columnCaption: ReadonlySignal<string | null> = computed(() => {
  const sort = headSort.value;
  return sort === "number" ? linesCaption(layout.value) : SORT_CAPTIONS[sort];
});

/** "When" under the grid; null: there is no room for it. */
export const when: ReadonlySignal<WhenRoom | null> = computed(() => arranged.value.when);

/** Cells hold one colour each. */
export const isMap: ReadonlySignal<boolean> = computed(() => layout.value.isOverview);

/** Width from which table and chart stand side by side. */
const ROOM_FOR_BOTH = 700;

export const isPanelWide: ReadonlySignal<boolean> = computed(
  () => layout.value.panel >= ROOM_FOR_BOTH && !isMap.value,
);

const inkOf = keptInk(evolutionInk);

export const paint: ReadonlySignal<Paint> = computed<Paint>(() => {
  const name = theme.value;
  const own = main.value;
  if (own === null) return () => undefined;
  if (isMap.value) return mapPaint.value;
  const inChart = new Set(chosen.value.map(({ layer, head }) => `${layer}.${head}`));
  const isDotted = showBaseline.value;
  const scene: EvolutionScene = {
    main: own,
    others: others.value,
    groups: groups.value.map(({ lines }) => lines),
    raised: raised.value,
    step: step.value,
    baseline: (layer) => (isDotted ? own.histories.height(baselineOf(layer)) : NaN),
    hasMarks: showMarks.value,
    chosen: (layer, head) =>
      inChart.has(`${layer}.${head}`) || largestChange(layer, head) !== null
        ? headColour(head, name)
        : null,
  };
  return (target, grid, rows, scale) =>
    drawEvolutionRows(target, grid, rows, scene, inkOf(name, scale));
});

export const overlay: ReadonlySignal<Paint> = computed<Paint>(() => {
  const name = theme.value;
  const own = main.value;
  if (own === null || isMap.value) return () => undefined;
  const scene = { histories: own.histories, pointed: hoverStep.value, read: readStep.value };
  return (target, grid, rows, scale) =>
    drawPointedStep(target, grid, rows, scene, inkOf(name, scale));
});

/** Value of the shown metric at the step that is read. */
export function valueOf({ layer, head }: Cell): number {
  const at = readStep.value;
  return at === null ? NaN : (main.value?.histories.at(at, layer, head) ?? NaN);
}
