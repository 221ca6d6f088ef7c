/** What the selected record (B) is compared with (A), and how the comparison is shown. */

import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { RecordHeader, TagIndex } from "../decoding/answers";
import type { Comparison } from "../decoding/comparison";
import type { LayerWeights } from "../decoding/decode";
import { shown, type Loaded } from "./load";
import { probeHeaders, record } from "./loaded";
import { nearestOf, stepsWithPatterns } from "./nearest";
import { index, otherRuns, run, runs, step, tag, tags, view, visits } from "./selection";
import { formatStep } from "../text/format_number";

/** Which step of the other record; "same": the nearest to the selected one. */
export type ComparedStep = "first" | "previous" | "same" | number;
export type CompareChoice = "first" | "previous" | "run" | "tag";
export type Ranking = "change" | "single" | "number";

export interface Compared {
  readonly run: string;
  readonly tag: string;
  readonly step: number;
  readonly version: string | null;
}

/** null: nothing is compared. */
export const compare: Signal<ComparedStep | null> = signal(null);
/** Other than the selected ones; null = the same. */
export const compareRun: Signal<string | null> = signal(null);
export const compareTag: Signal<string | null> = signal(null);
/** Differences below are not drawn. */
export const hideBelow: Signal<number> = signal(0.01);
export const rankBy: Signal<Ranking> = signal("change");
/** Weights that both have, under the lines of what was gained and lost. */
export const showKept: Signal<boolean> = signal(false);
export type ChangePicture = "lines" | "matrix" | "image";
/** null: over the picture where there is one, else lines. */
export const changePicture: Signal<ChangePicture | null> = signal(null);

/** A loader writes them: the comparison, and the selected layer of record A. */
export const comparison: Signal<Loaded<Comparison>> = signal({ status: "idle" });
export const comparedWeights: Signal<Loaded<LayerWeights>> = signal({ status: "idle" });

export const isComparing: ReadonlySignal<boolean> = computed(
  () => compare.value !== null && view.value === "model",
);

const otherRun = computed(() =>
  compareRun.value !== null && compareRun.value !== run.value ? compareRun.value : null,
);
const otherTag = computed(() =>
  compareTag.value !== null && compareTag.value !== tag.value ? compareTag.value : null,
);

/** Run and tag of A. */
export const comparedPlace: ReadonlySignal<{ run: string; tag: string }> = computed(() => ({
  run: otherRun.value ?? run.value ?? "",
  tag: otherTag.value ?? tag.value ?? "",
}));

const listed = computed<TagIndex | undefined>(
  () => index.value?.[comparedPlace.value.run]?.[comparedPlace.value.tag],
);

/** Steps of A that have patterns. */
export const comparableSteps: ReadonlySignal<readonly number[]> = computed(() =>
  stepsWithPatterns(listed.value),
);

/** One of the steps of a place. */
function recordAt(place: { run: string; tag: string }, at: TagIndex, found: number): Compared {
  return { ...place, step: found, version: at.versions[at.steps.indexOf(found)] ?? null };
}

export const compareChoice: ReadonlySignal<CompareChoice | null> = computed(() => {
  if (otherRun.value !== null) return "run";
  if (otherTag.value !== null) return "tag";
  const wanted = compare.value === "same" ? "first" : compare.value;
  return wanted === "first" || wanted === "previous" ? wanted : null;
});

/** As many columns as can be told apart; the selected run is one of them. */
const MOST_COLUMNS = 8;

/** Of more than two ticked runs those that are neither A nor B: each is compared with A as B is. */
export const columnRuns: ReadonlySignal<readonly string[]> = computed(() =>
  isComparing.value && compareChoice.value === "run"
    ? otherRuns.value.filter((name) => name !== otherRun.value).slice(0, MOST_COLUMNS - 1)
    : [],
);

/** "A" or "B" of two runs that are compared. */
export function letterOf(name: string): "A" | "B" | null {
  if (!isComparing.value || compareChoice.value !== "run") return null;
  return name === run.value ? "B" : name === otherRun.value ? "A" : null;
}

function stepOfA(steps: readonly number[], wanted: ComparedStep, now: number): number | undefined {
  const isElsewhere = otherRun.value !== null || otherTag.value !== null;
  if (wanted === "previous") return steps.filter((each) => each < now).at(-1);
  if (wanted === "first" || (wanted === "same" && !isElsewhere)) return steps[0];
  return nearestOf(steps, wanted === "same" ? now : wanted) ?? undefined;
}

/** The probe has one step, and it would be compared with itself. */
function isAlone(): boolean {
  const place = comparedPlace.value;
  return place.run === run.value && place.tag === tag.value && comparableSteps.value.length === 1;
}

/** Record A; null where there is none, see `compareProblem`. */
export const compared: ReadonlySignal<Compared | null> = computed(() => {
  const at = listed.value;
  if (compare.value === null || step.value === null || at === undefined || isAlone()) return null;
  const found = stepOfA(comparableSteps.value, compare.value, step.value);
  return found === undefined ? null : recordAt(comparedPlace.value, at, found);
});

/** Why there is nothing to compare with. */
export const compareProblem: ReadonlySignal<string | null> = computed(() => {
  if (compare.value === null || compared.value !== null || step.value === null) return null;
  const place = comparedPlace.value;
  if (listed.value === undefined) return `Run ${place.run} has no probe ${place.tag}.`;
  if (isAlone()) return "One step so far: there is none to compare it with.";
  if (compare.value === "previous")
    return `No pattern was logged before step ${formatStep(step.value)}. Move B to a later step.`;
  return `Run ${place.run}, probe ${place.tag} has no step with patterns.`;
});

/** Other runs that have the selected probe. */
export const comparableRuns: ReadonlySignal<readonly string[]> = computed(() =>
  runs.value.filter(
    (name) => name !== run.value && index.value?.[name]?.[tag.value ?? ""] !== undefined,
  ),
);

/** Tokens of two probes of which at least half are the same, place by place. */
function aligns(one: RecordHeader, other: RecordHeader): boolean {
  const lists = ["tokens", "decoder_tokens"] as const;
  let total = 0;
  let same = 0;
  for (const list of lists) {
    const [a, b] = [one.tokens[list] ?? [], other.tokens[list] ?? []];
    if (a.length !== b.length) return false;
    total += a.length;
    same += a.filter((token, at) => token === b[at]).length;
  }
  return same >= total / 2 && one.layers.length === other.layers.length;
}

/** Other probes of this run whose tokens align with the selected one's. */
export const comparableTags: ReadonlySignal<readonly string[]> = computed(() => {
  const own = shown(record.value);
  if (own === undefined) return [];
  return tags.value.filter((name) => {
    const header = name === tag.value ? undefined : probeHeaders.value.get(name);
    return header !== undefined && aligns(own, header);
  });
});

/** Compare what is selected with the first or previous step, another run, or another probe. */
export function compareWith(choice: CompareChoice, name: string | null = null): void {
  batch(() => {
    const names = choice === "run" ? comparableRuns.peek() : comparableTags.peek();
    const chosen = name ?? names[0] ?? null;
    compareRun.value = choice === "run" ? chosen : null;
    compareTag.value = choice === "tag" ? chosen : null;
    compare.value = choice === "first" || choice === "previous" ? choice : "same";
  });
}

/** Start comparing in the Model view, or stop. */
export function toggleCompare(): void {
  batch(() => {
    visits.value += 1;
    if (isComparing.peek()) compare.value = null;
    else {
      compare.value ??= "first";
      view.value = "model";
    }
  });
}

/** The record of a column's run: of the shown step, or of the nearest with patterns. */
export function columnPlace(name: string): Compared | null {
  const at = index.value?.[name]?.[tag.value ?? ""];
  if (at === undefined || step.value === null) return null;
  const found = nearestOf(stepsWithPatterns(at), step.value);
  return found === null ? null : recordAt({ run: name, tag: tag.value ?? "" }, at, found);
}

/** Runs whose columns are of another step than the shown one, and that step. */
export const columnsElsewhere: ReadonlySignal<ReadonlyMap<string, number>> = computed(() => {
  const places = columnRuns.value.map(columnPlace).filter((each) => each !== null);
  return new Map(
    places.filter((each) => each.step !== step.value).map((each) => [each.run, each.step]),
  );
});
