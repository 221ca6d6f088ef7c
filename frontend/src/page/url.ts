/** Selection and display settings ⇄ the `p.attn.<key>=<value>` pairs of TensorBoard's URL hash. */

import { batch, type Signal } from "@preact/signals";

import * as state from "../state";

/** One signal's place in the URL. Values that equal the initial one are not written. */
interface Entry {
  read: () => string | null;
  write: (text: string) => void;
  reset: () => void;
}

const prefix = "p.attn.";
const plugin = "attn";

function entry<T>(
  target: Signal<T>,
  format: (value: T) => string | null,
  parse: (text: string) => T | undefined,
): Entry {
  const initial = target.peek();
  return {
    read: () => (target.value === initial ? null : format(target.value)),
    write(text) {
      const value = parse(text);
      if (value !== undefined) target.value = value;
    },
    reset: () => (target.value = initial),
  };
}

const text = (target: Signal<string | null>): Entry =>
  entry<string | null>(
    target,
    (value) => value,
    (written) => written,
  );

function oneOf<T extends string>(target: Signal<T>, allowed: readonly T[]): Entry {
  return entry(target, String, (written) => allowed.find((each) => each === written));
}

const numberIn =
  (minimum: number, maximum: number) =>
  (written: string): number | undefined => {
    const value = written.trim() === "" ? NaN : Number(written);
    return value >= minimum && value <= maximum ? value : undefined;
  };

const number = (target: Signal<number>, minimum: number, maximum: number): Entry =>
  entry(target, String, numberIn(minimum, maximum));

function numberOrNone(target: Signal<number | null>, minimum: number, maximum: number): Entry {
  return entry<number | null>(
    target,
    (value) => (value === null ? null : String(value)),
    numberIn(minimum, maximum),
  );
}

const counting = /^\d{1,9}$/;

function whole(target: Signal<number>): Entry {
  return entry(target, String, (written) => (counting.test(written) ? Number(written) : undefined));
}

/** Of a chosen head also when it is the first one. */
function chosenHead(target: Signal<number>): Entry {
  const plain = whole(target);
  return {
    read: () => (state.isHeadChosen.value ? String(target.value) : plain.read()),
    write(written) {
      if (counting.test(written)) state.isHeadChosen.value = true;
      plain.write(written);
    },
    reset() {
      state.isHeadChosen.value = false;
      plain.reset();
    },
  };
}

function position(target: Signal<number | null>): Entry {
  return entry<number | null>(
    target,
    (value) => (value === null ? null : String(value)),
    (written) => (counting.test(written) ? Number(written) : undefined),
  );
}

function step(target: Signal<number | null>): Entry {
  return entry<number | null>(
    target,
    (value) => (value === null ? null : String(value)),
    (written) => (/^-?\d{1,15}$/.test(written) ? Number(written) : undefined),
  );
}

function heads(target: Signal<ReadonlySet<number> | null>): Entry {
  return entry<ReadonlySet<number> | null>(
    target,
    (value) => (value === null ? null : [...value].sort((a, b) => a - b).join(".")),
    (written) => {
      const numbers = written.split(".");
      return numbers.every((each) => counting.test(each))
        ? new Set(numbers.map(Number))
        : undefined;
    },
  );
}

const rangeParts = /^(\d{1,9})-(\d{1,9})\.(\d{1,9})-(\d{1,9})$/;

/** First and last token of the queries and of the keys: `40-70.32-64`. */
function range(target: Signal<state.TokenRange | null>): Entry {
  return entry<state.TokenRange | null>(
    target,
    (value) =>
      value && [value.query, value.key].map(([first, end]) => `${first}-${end - 1}`).join("."),
    (written) => {
      const [a, b, c, d] = (rangeParts.exec(written) ?? []).slice(1).map(Number);
      return a! <= b! && c! <= d! ? { query: [a!, b! + 1], key: [c!, d! + 1] } : undefined;
    },
  );
}

/** "5.2_5.3"; none is "". */
function headNames(target: Signal<readonly string[] | null>): Entry {
  return entry<readonly string[] | null>(
    target,
    (value) => value?.join("_") ?? null,
    (written) => {
      const found = written === "" ? [] : written.split("_");
      return found.every((each) => /^\d{1,9}\.\d{1,9}$/.test(each)) ? found : undefined;
    },
  );
}

function comparedStep(target: Signal<state.ComparedStep | null>): Entry {
  return entry<state.ComparedStep | null>(
    target,
    (value) => (value === null ? null : String(value)),
    (written) => {
      const named = (["first", "previous", "same"] as const).find((each) => each === written);
      return named ?? (/^-?\d{1,15}$/.test(written) ? Number(written) : undefined);
    },
  );
}

function pattern(target: Signal<state.FindPattern | null>): Entry {
  return entry<state.FindPattern | null>(
    target,
    (value) => value && state.formatPattern(value),
    state.parsePattern,
  );
}

function limits(target: Signal<state.Limits>): Entry {
  return entry(
    target,
    (value) => state.formatLimits(value) || null,
    (written) => state.parseLimits(written),
  );
}

/** One of these, or nothing. */
function oneOrNone<T extends string>(target: Signal<T | null>, allowed: readonly T[]): Entry {
  return entry<T | null>(
    target,
    (value) => value,
    (written) => allowed.find((each) => each === written),
  );
}

const yesOrNo = (target: Signal<boolean>): Entry =>
  entry(
    target,
    (value) => (value ? "1" : "0"),
    (written) => (written === "1" ? true : written === "0" ? false : undefined),
  );

/** JSON, because a run's name may hold any separator. */
function names(target: Signal<ReadonlySet<string>>): Entry {
  return entry<ReadonlySet<string>>(
    target,
    (value) => (value.size === 0 ? null : JSON.stringify([...value].sort())),
    (written) => {
      try {
        const list: unknown = JSON.parse(written);
        return Array.isArray(list)
          ? new Set(list.filter((each) => typeof each === "string"))
          : undefined;
      } catch {
        return undefined;
      }
    },
  );
}

const entries: Record<string, Entry> = {
  view: oneOf(state.view, ["evolution", "model", "head", "neuron"]),
  run: text(state.run),
  tag: text(state.tag),
  step: step(state.step),
  layer: chosenHead(state.layer),
  head: chosenHead(state.head),
  query: position(state.query),
  key: position(state.key),
  heads: heads(state.shownHeads),
  hiddenRuns: names(state.hiddenRuns),
  filter: text(state.runFilter as Signal<string | null>),
  threshold: numberOrNone(state.threshold, 0, 1),
  gain: number(state.gain, 0, 100),
  specials: oneOf(state.specials, ["show", "mute", "hide"]),
  numbers: yesOrNo(state.numbers),
  open: yesOrNo(state.headOpen),
  zoom: position(state.gridZoom),
  colour: oneOf(state.mapColour, ["role", "when", "size", "value"]),
  thumbnails: oneOrNone(state.thumbnailStyle, ["heat", "lines", "image"]),
  sort: text(state.sortBy as Signal<string | null>),
  quantity: oneOf(state.quantity, ["weight", "contribution"]),
  metric: text(state.cellMetric as Signal<string | null>),
  dim: number(state.dimBelow, 0, 1),
  sentences: oneOf(state.sentenceFilter, ["all", "aa", "bb", "ab", "ba"]),
  mode: oneOrNone(state.headMode, ["lines", "matrix", "image", "sound"]),
  summary: oneOf(state.headSummary, ["none", "mean", "max"]),
  scale: oneOrNone(state.colourScale, ["root", "linear", "uniform"]),
  layout: oneOf(state.linesLayout, ["vertical", "horizontal"]),
  words: yesOrNo(state.mergeWords),
  raw: yesOrNo(state.rawTokens),
  range: range(state.tokenRange),
  panel_at: whole(state.panelNumber),
  direction: oneOf(state.mapDirection, ["keys", "queries"]),
  picture: oneOf(state.pictureLook, ["dimmed", "full", "off"]),
  opacity: number(state.mapOpacity, 0, 1),
  between: oneOf(state.between, ["nearest", "smooth"]),
  map_scale: oneOf(state.mapScale, ["uniform", "own"]),
  top: number(state.topShare, 0, 1),
  top_look: oneOf(state.topLook, ["outline", "mask"]),
  path: yesOrNo(state.isPathDrawn),
  special_rows: yesOrNo(state.areSpecialsListed),
  speed: oneOf(state.playSpeed, ["0.5", "1", "2"]),
  rollout: oneOrNone(state.rolloutHeads, ["mean", "max", "min"]),
  order: oneOf(state.dimensionOrder, ["contribution", "stored"]),
  columns: oneOf(state.neuronColumns, ["expanded", "collapsed"]),
  dimension: position(state.dimension),
  axis: oneOf(state.stepAxis, ["linear", "log"]),
  uniform: yesOrNo(state.showBaseline),
  marks: yesOrNo(state.showMarks),
  fold: yesOrNo(state.foldStill),
  pane: oneOrNone(state.evolutionPane, ["changes", "chart"]),
  above: number(state.markAbove, 0, 1),
  heads_by: oneOf(state.headSort, ["number", "last", "change", "crossing"]),
  crossing: number(state.crossing, 0, 1),
  chosen: headNames(state.chosenHeads),
  scalar: text(state.scalarTag),
  compare: comparedStep(state.compare),
  compare_run: text(state.compareRun),
  compare_tag: text(state.compareTag),
  hide: number(state.hideBelow, 0, 1),
  rank: oneOf(state.rankBy, ["change", "single", "number"]),
  kept: yesOrNo(state.showKept),
  change: oneOrNone(state.changePicture, ["lines", "matrix", "image"]),
  panel: oneOrNone(state.toolPanel, ["find", "health"]),
  find: pattern(state.findPattern),
  passed: number(state.findThreshold, 0, 1),
  limits: limits(state.ownLimits),
};

export type Pairs = readonly (readonly [key: string, value: string])[];

/** Reads the signals, so an effect that calls it follows them. */
export function pairsOfState(): Pairs {
  return Object.entries(entries).flatMap(([key, { read }]) => {
    const value = read();
    return value === null ? [] : [[key, value] as const];
  });
}

/** What a step in the history leads back from: another view, run, probe, layer or head. */
const places: ReadonlySet<string> = new Set([
  "view",
  "run",
  "tag",
  "layer",
  "head",
  "open",
  "quantity",
]);

/** The part of the pairs that says where one is; the step and how things are drawn are no part of it. */
export function placeOf(pairs: Pairs): string {
  const isComparing = pairs.some(([key]) => key === "compare");
  return JSON.stringify([...pairs.filter(([key]) => places.has(key)), isComparing]);
}

/** What the pairs do not name goes back to its initial value; what they cannot mean is left out. */
export function applyPairs(pairs: Pairs): void {
  const named = new Map(pairs);
  state.forgetAsked();
  state.moveTo(() =>
    batch(() => {
      for (const [key, { write, reset }] of Object.entries(entries)) {
        const value = named.get(key);
        if (value === undefined) reset();
        else write(value);
      }
    }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** null: the hash belongs to another tab. */
export function parseHash(hash: string): Pairs | null {
  const [name, ...parts] = hash.replace(/^#/, "").split("&");
  if (name !== plugin) return null;
  return parts.flatMap((part) => {
    const [, key, value] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    if (key === undefined || value === undefined || !key.startsWith(prefix)) return [];
    return [[key.slice(prefix.length), decode(value)] as const];
  });
}

/** The hash with our pairs in place of the old ones; other plugins' pairs stay. */
export function formatHash(hash: string, pairs: Pairs): string {
  const kept = hash
    .replace(/^#/, "")
    .split("&")
    .slice(1)
    .filter((part) => part !== "" && !part.startsWith(prefix));
  const ours = pairs.map(
    ([key, value]) => `${prefix}${key}=${encodeURIComponent(value.toWellFormed())}`,
  );
  return `#${[plugin, ...ours, ...kept].join("&")}`;
}
