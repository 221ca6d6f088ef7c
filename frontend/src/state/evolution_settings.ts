/** What the evolution view shows and marks, and the step that is pointed at. */

import { signal, type Signal } from "@preact/signals";

export type StepAxisKind = "linear" | "log";
/** Number of the head, value at the last step, lasting change, first step above the crossing. */
export type HeadSort = "number" | "last" | "change" | "crossing";

export const stepAxis: Signal<StepAxisKind> = signal("linear");
/** What uniform attention would score, as a dotted line. */
export const showBaseline: Signal<boolean> = signal(true);
export const showMarks: Signal<boolean> = signal(true);
/** Rows in which no head changed are strips of values. */
export const foldStill: Signal<boolean> = signal(true);
/** What stands beside the grid where there is no room for both; null: the changes, where there are any. */
export type EvolutionPane = "changes" | "chart";
export const evolutionPane: Signal<EvolutionPane | null> = signal(null);
/** Smallest lasting change that is marked, in parts of the metric's scale. */
export const markAbove: Signal<number> = signal(0.15);
export const headSort: Signal<HeadSort> = signal("number");
/** In parts of the metric's scale; heads are sorted by the first step at which they reach it. */
export const crossing: Signal<number> = signal(0.5);
/** Heads in the large chart, as "layer.head"; null = those that changed most. */
export const chosenHeads: Signal<readonly string[] | null> = signal(null);
/** The scalar under the chart; null = a loss, or the first one. */
export const scalarTag: Signal<string | null> = signal(null);
/** Under the pointer, in whichever picture of steps it is. */
export const hoverStep: Signal<number | null> = signal(null);
