/** What is ticked, shown and pointed at → the runs that the present view draws, and the one that stands out among them. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { comparedPlace, columnRuns, isComparing } from "./compare_state";
import { otherSeries } from "./loaded";
import { otherRuns, run, view } from "./selection";
import { shownMetric } from "./shown_metric";

/** In the list of runs, or in a table of them. */
export const pointedRun: Signal<string | null> = signal(null);
/** Evolution has no room for a line a head: one colour a head, of the selected run alone. */
export const isOneRun: Signal<boolean> = signal(false);

function drawnBeside(): readonly string[] {
  if (isComparing.value) return [comparedPlace.value.run, ...columnRuns.value];
  if (view.value !== "evolution" || isOneRun.value) return [];
  const metric = shownMetric.value;
  const lacks = (name: string): boolean =>
    metric !== null && otherSeries.value.get(name)?.names.includes(metric) === false;
  return otherRuns.value.filter((name) => !lacks(name));
}

export const drawnRuns: ReadonlySignal<ReadonlySet<string>> = computed(
  () => new Set(run.value === null ? [] : [run.value, ...drawnBeside()]),
);

/** The pointed one, where its line is one of several. */
export const raisedRun: ReadonlySignal<string | null> = computed(() => {
  const name = pointedRun.value;
  return name !== null && drawnRuns.value.size > 1 && drawnRuns.value.has(name) ? name : null;
});
