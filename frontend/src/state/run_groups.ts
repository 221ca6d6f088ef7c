/** Ticked runs, too many for a line each → groups of them, by folder, each with its colour. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { byFolder } from "../text/name_filter";
import { compareNames, otherRuns, run, runNumber, runPrefix, view } from "./selection";

/** More runs stand in groups. */
export const MOST_LINES = 7;

export interface RunGroup {
  readonly name: string;
  readonly runs: readonly string[];
  /** Of its colour, among those of runs; the first is that of text, too near to the selected run's line. */
  readonly number: number;
}

/** Those of one folder each; one of all where there are no folders. */
export function groupsOf(names: readonly string[], prefix: string): RunGroup[] {
  if (names.length <= MOST_LINES) return [];
  const all = names.toSorted(compareNames);
  const folders = byFolder(all, prefix);
  if (folders === null) return [{ name: `${all.length} runs`, runs: all, number: 1 }];
  return [...folders].map(([folder, runs], at) => ({
    name: folder.slice(prefix.length).replace(/\/$/, "") || "not in a folder",
    runs,
    number: at + 1,
  }));
}

/** Of the runs that Evolution lays over one another; none where each has its own line. */
export const runGroups: ReadonlySignal<readonly RunGroup[]> = computed(() =>
  view.value !== "evolution" || run.value === null
    ? []
    : groupsOf([run.value, ...otherRuns.value], runPrefix.value),
);

const groupNumbers: ReadonlySignal<ReadonlyMap<string, number>> = computed(
  () =>
    new Map(
      runGroups.value.flatMap(({ runs, number }) => runs.map((name) => [name, number] as const)),
    ),
);

/** It is drawn with those of its folder. */
export const isGrouped = (name: string): boolean => groupNumbers.value.has(name);

/** Of the run's colour: its group's, while it is drawn in one. */
export function colourNumber(name: string): number {
  return groupNumbers.value.get(name) ?? runNumber(name);
}
