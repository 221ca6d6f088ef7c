/** Actions: the only places that change where we are. */

import { batch } from "@preact/signals";

import type { RecordHeader, RunIndex } from "../decoding/answers";
import { asked, forgetAsked, isListed, missHead, stillAsked } from "./asked";
import { headOpen } from "./display";
import { shown, stale } from "./load";
import { headMaps, record, series, thumbnails, vectors, weights } from "./loaded";
import { nearestOf } from "./nearest";
import {
  direction,
  head,
  hiddenRuns,
  index,
  indexError,
  isHeadChosen,
  offeredHeads,
  key,
  layer,
  listedRuns,
  playing,
  query,
  run,
  runFilter,
  runs,
  shownHeads,
  step,
  stepPosition,
  steps,
  tag,
  tags,
  version,
  view,
  visibleRuns,
  visits,
  type ViewName,
} from "./selection";
import { isHeadAlone } from "./shown_lines";

/** Everything that decides what is loaded, as one string a part. */
function coordinates(): { tag: string; step: string; layer: string; head: string } {
  const where = JSON.stringify([run.value, tag.value]);
  const at = JSON.stringify([where, step.value, version.value]);
  const alone = isHeadAlone.value ? head.value : "";
  const inLayer = `${at}/${layer.value}`;
  return {
    tag: where,
    step: at,
    layer: `${inLayer}/${alone}`,
    head: `${inLayer}/${head.value}`,
  };
}

/** Run `change`; whatever is then loaded for another selection is marked so in the same batch. */
export function moveTo(change: () => void): void {
  batch(() => {
    const before = coordinates();
    change();
    const after = coordinates();
    if (after.tag !== before.tag) series.value = { status: "loading" };
    if (after.step !== before.step) {
      record.value = stale(record.value);
      thumbnails.value = stale(thumbnails.value);
      if (headMaps.value.status !== "idle") headMaps.value = stale(headMaps.value);
    }
    if (after.layer !== before.layer) weights.value = stale(weights.value);
    if (after.head !== before.head) vectors.value = stale(vectors.value);
  });
}

/** A move that has its step in the browser's history. */
function visit(change: () => void): void {
  batch(() => {
    visits.value += 1;
    moveTo(change);
  });
}

/** Keep the wanted step if it is logged, else take the nearest; the latest when none is wanted. */
function settleStep(wanted: number | null): void {
  const known = steps.value;
  step.value = wanted === null ? (known.at(-1) ?? null) : nearestOf(known, wanted);
}

function settleTag(wanted: string | null): void {
  tag.value = wanted !== null && tags.value.includes(wanted) ? wanted : (tags.value[0] ?? null);
}

/** Take a new listing: new steps move the slider only when it stands on the latest; what was asked for may have come. */
export function setIndex(next: RunIndex): void {
  moveTo(() => {
    const onLatest = step.value !== null && step.value === steps.value.at(-1);
    const before = { run: run.value, tag: tag.value, step: step.value };
    index.value = next;
    indexError.value = null;
    const waiting = stillAsked();
    const wanted = waiting !== null && isListed(waiting) ? waiting : before;
    run.value = wanted.run !== null && wanted.run in next ? wanted.run : (runs.value[0] ?? null);
    settleTag(wanted.tag);
    const same = before.run === run.value && before.tag === tag.value;
    settleStep(onLatest && same ? null : wanted.step);
    if (waiting === null || wanted === waiting)
      ask(onLatest && same ? { ...wanted, step: null } : wanted);
  });
}

/** Remember what was wanted where the log does not have it. */
function ask(wanted: { run: string | null; tag: string | null; step: number | null }): void {
  const has = (one: unknown, other: unknown): boolean => one === null || one === other;
  const isHere =
    has(wanted.run, run.value) && has(wanted.tag, tag.value) && has(wanted.step, step.value);
  const { run: name, tag: probe, step: at } = wanted;
  asked.value = isHere ? null : { run: name, tag: probe, step: at, visits: visits.value };
}

export function selectRun(name: string): void {
  visit(() => {
    run.value = name;
    settleTag(tag.value);
    settleStep(step.value);
  });
}

/** Run and tag at once. */
export function selectPlace(runName: string, tagName: string): void {
  visit(() => {
    run.value = runName;
    settleTag(tagName);
    settleStep(step.value);
  });
}

export function selectTag(name: string): void {
  visit(() => {
    tag.value = name;
    settleStep(step.value);
  });
}

export function selectStep(wanted: number): void {
  moveTo(() => {
    const before = step.value;
    forgetAsked();
    settleStep(wanted);
    if (before !== null && step.value !== null && step.value !== before)
      direction.value = step.value > before ? 1 : -1;
  });
}

/** n logged steps on (or back), as far as there are any. */
export function stepBy(n: number): void {
  const last = steps.value.length - 1;
  const position = Math.min(last, Math.max(0, stepPosition.value + n));
  const target = steps.value[position];
  if (target !== undefined) selectStep(target);
}

/** Heads that a view chose to show are those of its layer; one's own choice goes along. */
export function selectHead(nextLayer: number, nextHead: number): void {
  visit(() => {
    if (nextLayer !== layer.value && shownHeads.value === offeredHeads.value)
      shownHeads.value = null;
    isHeadChosen.value = true;
    layer.value = nextLayer;
    head.value = nextHead;
    const header = shown(record.value);
    if (header !== undefined) fitToRecord(header);
  });
}

/** Stay on the head's number, as far as the layer has it. */
export function selectLayer(nextLayer: number): void {
  selectHead(nextLayer, head.value);
}

export function openHead(nextLayer: number, nextHead: number): void {
  batch(() => {
    selectHead(nextLayer, nextHead);
    view.value = "head";
  });
}

/** Its pattern beside the grid of the Model view. */
export function openBeside(nextLayer: number, nextHead: number): void {
  batch(() => {
    selectHead(nextLayer, nextHead);
    headOpen.value = true;
    view.value = "model";
  });
}

export function setView(name: ViewName): void {
  visit(() => (view.value = name));
}

export function togglePlay(): void {
  playing.value = !playing.value;
}

/** Pin a query token; pinning it again, or null, frees it. */
export function pinQuery(position: number | null): void {
  query.value = query.value === position ? null : position;
}

export function pinKey(position: number | null): void {
  key.value = key.value === position ? null : position;
}

/** Show these runs alone; when the selected one is not among them, the first of them is selected. */
function hide(hidden: Iterable<string>): void {
  batch(() => {
    hiddenRuns.value = new Set(hidden);
    keepVisible();
  });
}

function keepVisible(): void {
  const [first] = visibleRuns.value;
  if (first !== undefined && run.value !== null && !visibleRuns.value.has(run.value))
    selectRun(first);
}

/** Tick or untick a run; the last ticked one stays. */
export function toggleRun(name: string): void {
  const next = new Set(hiddenRuns.value);
  if (!next.delete(name)) next.add(name);
  if (listedRuns.value.some((other) => !next.has(other))) hide(next);
}

export function tickRuns(names: readonly string[]): void {
  const ticked = new Set(names);
  hide([...hiddenRuns.value].filter((name) => !ticked.has(name)));
}

/** The selected run stays. */
export function untickRuns(names: readonly string[]): void {
  hide([...hiddenRuns.value, ...names].filter((name) => name !== run.value));
}

/** Ticked ones are unticked and the others ticked; where none would be left, the selected one stays. */
export function invertRuns(names: readonly string[]): void {
  const [off, on] = [hiddenRuns.value, new Set(names)];
  const isAll = names.every((name) => !off.has(name));
  const kept = [...off].filter((name) => !on.has(name));
  const ticked = names.filter((name) => !off.has(name) && !(isAll && name === run.value));
  hide([...kept, ...ticked]);
}

export function tickOnly(name: string): void {
  batch(() => {
    selectRun(name);
    untickRuns(runs.value);
  });
}

/** Filters the runs, with their curves, and the probes. */
export function filterNames(text: string): void {
  batch(() => {
    runFilter.value = text;
    keepVisible();
  });
}

function headCount(): number {
  return shown(record.value)?.layers[layer.value]?.heads ?? 0;
}

function isSame(one: ReadonlySet<number>, other: ReadonlySet<number> | null): boolean {
  return other !== null && one.size === other.size && [...one].every((each) => other.has(each));
}

function setShownHeads(heads: Iterable<number>): void {
  const next = new Set(heads);
  const count = headCount();
  const isAll = next.size === 0 || (count > 0 && next.size >= count);
  if (isAll) shownHeads.value = null;
  else if (!isSame(next, shownHeads.value)) shownHeads.value = next;
}

/** Show or hide one head; the last shown one stays. */
export function toggleHead(number: number): void {
  const all = Array.from({ length: headCount() }, (_, each) => each);
  const next = new Set(shownHeads.value ?? all);
  if (!next.delete(number)) next.add(number);
  if (next.size > 0) setShownHeads(next);
  selectLoneHead();
}

/** A head that is shown alone is the selected one: every view then shows it. */
function selectLoneHead(): void {
  const [first, ...others] = shownHeads.value ?? [];
  if (first !== undefined && others.length === 0) selectHead(layer.value, first);
}

/** Show one head alone; when it is alone already, show all. */
export function isolateHead(number: number): void {
  const alone = shownHeads.value?.size === 1 && shownHeads.value.has(number);
  shownHeads.value = alone ? null : new Set([number]);
  selectLoneHead();
}

export function showAllHeads(): void {
  shownHeads.value = null;
}

const within = (position: number | null, length: number): number | null =>
  position !== null && position < length ? position : null;

/** Bring layer, head and tokens into what this record has (a link or another probe may name more). */
export function fitToRecord(header: RecordHeader): void {
  const last = header.layers.length - 1;
  if (last < 0) return;
  moveTo(() => {
    const wanted = [layer.value, head.value] as const;
    layer.value = Math.min(layer.value, last);
    const now = header.layers[layer.value]!;
    head.value = Math.min(head.value, Math.max(0, now.heads - 1));
    if (layer.value !== wanted[0] || head.value !== wanted[1]) missHead(...wanted);
    query.value = within(query.value, now.queries);
    key.value = within(key.value, now.keys);
    if (shownHeads.value !== null)
      setShownHeads([...shownHeads.value].filter((number) => number < now.heads));
  });
}
