/** What heads are searched for, and what was found so far. */

import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { TokenList } from "../decoding/answers";
import type { ApiError } from "../decoding/errors";
import { frameWidth } from "./display";
import { nothingFound, type Found } from "../decoding/found_heads";
import { formatPositions, parsePositions } from "../text/positions";
import { templates, type FindPattern } from "../text/pattern";
import { stepsWithPatterns } from "./nearest";
import { index, run, tag } from "./selection";

export type ToolPanel = "find" | "health";
/** What stands at the right of the view. */
export const toolPanel: Signal<ToolPanel | null> = signal(null);

/** From this width of the frame on, a view keeps its own side panel beside the tool's. */
const BOTH_WIDTH = 1600;

/** The view's own side panel is shown. */
export const isSideShown: ReadonlySignal<boolean> = computed(
  () => toolPanel.value === null || frameWidth.value >= BOTH_WIDTH,
);

export function togglePanel(name: ToolPanel): void {
  toolPanel.value = toolPanel.value === name ? null : name;
}

/** Open the panel with a pattern. */
export function findHeads(pattern: FindPattern): void {
  batch(() => {
    findPattern.value = pattern;
    toolPanel.value = "find";
  });
}

/** null: nothing is asked for yet. */
export const findPattern: Signal<FindPattern | null> = signal(null);
/** A head has become one when its weight first is this large. */
export const findThreshold: Signal<number> = signal(0.5);
/** The search over the steps was stopped by hand. */
export const findStopped: Signal<boolean> = signal(false);

export interface Search {
  /** Of the pattern and the files it is searched in. */
  readonly key: string;
  readonly found: Found;
  readonly done: number;
  readonly total: number;
  readonly status: "idle" | "running" | "stopped" | "done" | "error";
  readonly error: ApiError | null;
}

export const noSearch: Search = {
  key: "",
  found: nothingFound,
  done: 0,
  total: 0,
  status: "idle",
  error: null,
};
export const search: Signal<Search> = signal(noSearch);

/** A pair with tokens on both sides, or a template; tracked pairs need no search. */
export function isSearched(pattern: FindPattern | null): boolean {
  if (pattern === null || "tracked" in pattern) return false;
  return "template" in pattern || (pattern.pair.query.length > 0 && pattern.pair.key.length > 0);
}

/** Steps of the selected probe that have patterns. */
export const patternSteps: ReadonlySignal<readonly number[]> = computed(() =>
  stepsWithPatterns(index.value?.[run.value ?? ""]?.[tag.value ?? ""]),
);

/** How lists stand in an address; other stacks' by their own names. */
const lists: Record<string, TokenList> = { t: "tokens", d: "decoder_tokens" };
const shortOf = (list: TokenList): string =>
  Object.keys(lists).find((each) => lists[each] === list) ?? list;

/** `.` and `_` need no escape in an address. */
const marks = { comma: ".", dash: "_" };

/** "induction", "tracked.she → nurse", "9-5", "9.12_40-5", "3-4~dt" (queries are decoder tokens, keys tokens). */
export function formatPattern(pattern: FindPattern): string {
  if ("template" in pattern) return pattern.template;
  if ("tracked" in pattern) return `tracked.${pattern.tracked}`;
  const { query, key, axes } = pattern.pair;
  const pair = `${formatPositions(query, marks)}-${formatPositions(key, marks)}`;
  return axes === null
    ? pair
    : `${pair}~${axes.map(shortOf).join(axes.some((list) => shortOf(list).length > 1) ? "." : "")}`;
}

export function parsePattern(text: string): FindPattern | undefined {
  const template = templates.find((each) => each === text);
  if (template !== undefined) return { template };
  if (text.startsWith("tracked.")) return { tracked: text.slice("tracked.".length) };
  const parts = /^([\d._]*)-([\d._]*)(?:~(?:([td])([td])|(\w+)\.(\w+)))?$/.exec(text);
  if (parts === null) return undefined;
  const [query, key] = [parsePositions(parts[1]!, marks), parsePositions(parts[2]!, marks)];
  if (query === undefined || key === undefined) return undefined;
  const [first, second] = [parts[3] ?? parts[5], parts[4] ?? parts[6]];
  const named = (list: string): TokenList => lists[list] ?? list;
  const axes = first === undefined ? null : ([named(first), named(second!)] as const);
  return { pair: { query, key, axes } };
}
