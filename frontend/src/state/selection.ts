/** Where we are: run, tag, step, layer, head, tokens. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { RunIndex, TagIndex } from "../decoding/answers";
import type { ApiError } from "../decoding/errors";
import { commonPrefix, matchingNames } from "../text/name_filter";

export type ViewName = "evolution" | "model" | "head" | "neuron";

export interface TokenRange {
  query: readonly [first: number, end: number];
  key: readonly [first: number, end: number];
}

export const index: Signal<RunIndex | null> = signal(null);
export const indexError: Signal<ApiError | null> = signal(null);

export const view: Signal<ViewName> = signal("evolution");
export const run: Signal<string | null> = signal(null);
export const tag: Signal<string | null> = signal(null);
export const step: Signal<number | null> = signal(null);
export const layer: Signal<number> = signal(0);
export const head: Signal<number> = signal(0);
/** By a click or a link; until then a view may open the one that it finds worth seeing. */
export const isHeadChosen: Signal<boolean> = signal(false);
/** Pinned token positions. */
export const query: Signal<number | null> = signal(null);
export const key: Signal<number | null> = signal(null);
export const hoverQuery: Signal<number | null> = signal(null);
export const hoverKey: Signal<number | null> = signal(null);
/** Tokens [first, end) of either side that the Head view is limited to; null = the whole text. */
export const tokenRange: Signal<TokenRange | null> = signal(null);
/** null = all; never empty. */
export const shownHeads: Signal<ReadonlySet<number> | null> = signal(null);
/** Heads that a view chose to show: of its layer alone. */
export const offeredHeads: Signal<ReadonlySet<number> | null> = signal(null);
/** Runs whose box is unticked. */
export const hiddenRuns: Signal<ReadonlySet<string>> = signal(new Set());
export const runFilter: Signal<string> = signal("");
export const playing: Signal<boolean> = signal(false);
/** Counts moves that Back undoes: to another view, run, probe, layer or head. */
export const visits: Signal<number> = signal(0);
/** The slider's thumb is held. */
export const dragging: Signal<boolean> = signal(false);
/** Which way the step last moved. */
export const direction: Signal<1 | -1> = signal(1);

const noTag: TagIndex = { steps: [], wall_times: [], versions: [], kinds: [] };

function logged(runName: string | null, tagName: string | null): TagIndex {
  return index.value?.[runName ?? ""]?.[tagName ?? ""] ?? noTag;
}

export const runs: ReadonlySignal<readonly string[]> = computed(() =>
  Object.keys(index.value ?? {}).sort(compareNames),
);
/** Runs as TensorBoard's own tabs know them, in the order of their colours. */
export const runOrder: Signal<readonly string[]> = signal([]);
const runNumbers: ReadonlySignal<ReadonlyMap<string, number>> = computed(
  () => new Map([...new Set([...runOrder.value, ...runs.value])].map((name, at) => [name, at])),
);
/** Of its colour: TensorBoard's own, then runs that TensorBoard does not list. */
export function runNumber(name: string | null): number {
  return runNumbers.value.get(name ?? "") ?? 0;
}

/** Tags of the selected run. */
export const tags: ReadonlySignal<readonly string[]> = computed(() =>
  Object.keys(index.value?.[run.value ?? ""] ?? {}).sort(compareNames),
);

/** Names that the filter finds; all where it finds only names of the other kind, as it is meant for those. */
function found(names: readonly string[], others: readonly string[]): readonly string[] {
  const matching = matchingNames(names, runFilter.value);
  const isMeant = matching.length > 0 || matchingNames(others, runFilter.value).length === 0;
  return isMeant ? matching : names;
}

export const listedRuns: ReadonlySignal<readonly string[]> = computed(() =>
  found(runs.value, tags.value),
);
export const listedTags: ReadonlySignal<readonly string[]> = computed(() =>
  found(tags.value, runs.value),
);
/** Ticked, and not taken out by the filter. */
export const visibleRuns: ReadonlySignal<ReadonlySet<string>> = computed(
  () => new Set(listedRuns.value.filter((name) => !hiddenRuns.value.has(name))),
);
/** What long names of runs share at their start. */
export const runPrefix: ReadonlySignal<string> = computed(() => commonPrefix(runs.value));
/** Probes whose rows are in view. */
export const seenTags: Signal<readonly string[]> = signal([]);
/** Of the selected run and tag. */
export const steps: ReadonlySignal<readonly number[]> = computed(
  () => logged(run.value, tag.value).steps,
);
export const versions: ReadonlySignal<readonly string[]> = computed(
  () => logged(run.value, tag.value).versions,
);
/** "weights" or "metrics" (head metrics alone), of each step. */
export const kinds: ReadonlySignal<readonly string[]> = computed(
  () => logged(run.value, tag.value).kinds,
);
export const wallTimes: ReadonlySignal<readonly number[]> = computed(
  () => logged(run.value, tag.value).wall_times,
);
/** The selected probe's store does not answer, and its list of steps is that of before. */
export const isListingOld: ReadonlySignal<boolean> = computed(
  () => logged(run.value, tag.value).old === true,
);
/** Of the selected step in `steps`; -1 when it is not there. */
export const stepPosition: ReadonlySignal<number> = computed(() =>
  step.value === null ? -1 : steps.value.indexOf(step.value),
);
export const version: ReadonlySignal<string | null> = computed(
  () => versions.value[stepPosition.value] ?? null,
);

/** Only head metrics were logged at the selected step. */
export const isMetricsOnly: ReadonlySignal<boolean> = computed(
  () => kinds.value[stepPosition.value] === "metrics",
);

/** The most runs that are laid over one another. */
export const MOST_RUNS = 60;

/** Ticked runs beside the selected one that have its probe. */
export const rivalRuns: ReadonlySignal<readonly string[]> = computed(() =>
  runs.value.filter(
    (name) =>
      name !== run.value &&
      visibleRuns.value.has(name) &&
      (index.value?.[name]?.[tag.value ?? ""]?.steps.length ?? 0) > 0,
  ),
);

/** As many of them as are drawn together. */
export const otherRuns: ReadonlySignal<readonly string[]> = computed(() =>
  rivalRuns.value.slice(0, MOST_RUNS - 1),
);

/** Numbers within names in their own order: layer 2 before layer 10. */
export function compareNames(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true }) || (a < b ? -1 : Number(a > b));
}
