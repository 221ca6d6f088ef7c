/** The record, the selected layer and the settings → which panel is drawn, and the position whose map it is. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { RecordHeader, TokenList } from "../decoding/answers";
import type { MapSide } from "../decoding/head_maps";
import { type Panel, panelsOf, patchAt, soundOf, wordsOf } from "../decoding/panels";
import type { Media, Pixels } from "../decoding/picture";
import { changePicture, type ChangePicture } from "./compare_state";
import { mapDirection, type MapDirection, panelNumber } from "./image_settings";
import { knownHeader } from "./loaded";
import { hoverKey, hoverQuery, key, layer, query } from "./selection";

/** By hash; null: its bytes were not kept, or cannot be read. */
export const media: Signal<ReadonlyMap<string, Media | null>> = signal(new Map());

interface Lists {
  readonly query: TokenList;
  readonly key: TokenList;
}

function listsOf(header: RecordHeader | undefined, at: number): Lists | null {
  const shape = header?.layers[at];
  return shape === undefined ? null : { query: shape.query_tokens, key: shape.key_tokens };
}

/** Directions in which a layer has a map. */
export function directionsOf(header: RecordHeader | undefined, at: number): MapDirection[] {
  const lists = listsOf(header, at);
  if (header === undefined || lists === null) return [];
  const has = (list: TokenList): boolean => panelsOf(header, list).length > 0;
  return [
    ...(has(lists.key) ? ["keys" as const] : []),
    ...(has(lists.query) ? ["queries" as const] : []),
  ];
}

export const directions: ReadonlySignal<readonly MapDirection[]> = computed(() =>
  directionsOf(knownHeader.value, layer.value),
);

export const shownDirection: ReadonlySignal<MapDirection> = computed(() =>
  directions.value.includes(mapDirection.value)
    ? mapDirection.value
    : (directions.value[0] ?? "keys"),
);

/** List of the patches, and list of the position that is chosen. */
const sides: ReadonlySignal<{ patches: TokenList; chosen: TokenList } | null> = computed(() => {
  const lists = listsOf(knownHeader.value, layer.value);
  if (lists === null) return null;
  return shownDirection.value === "keys"
    ? { patches: lists.key, chosen: lists.query }
    : { patches: lists.query, chosen: lists.key };
});

export const panels: ReadonlySignal<readonly Panel[]> = computed(() => {
  const header = knownHeader.value;
  return header === undefined || sides.value === null ? [] : panelsOf(header, sides.value.patches);
});

export const panel: ReadonlySignal<Panel | null> = computed(
  () => panels.value[Math.min(panelNumber.value, panels.value.length - 1)] ?? null,
);

/** Every layer attends from the list of the choice to that of the patches: each cell of the model can be a map. */
export const areAllMaps: ReadonlySignal<boolean> = computed(() => {
  const [header, of] = [knownHeader.value, sides.value];
  if (header === undefined || of === null || panels.value.length === 0) return false;
  const wanted =
    shownDirection.value === "keys" ? [of.chosen, of.patches] : [of.patches, of.chosen];
  return header.layers.every(
    ({ query_tokens, key_tokens }) => query_tokens === wanted[0] && key_tokens === wanted[1],
  );
});

/** Pictures may be chosen on as well: patches and choice are of one list. */
export const isOneList: ReadonlySignal<boolean> = computed(
  () => sides.value !== null && sides.value.patches === sides.value.chosen,
);

export const chosenList: ReadonlySignal<TokenList | null> = computed(
  () => sides.value?.chosen ?? null,
);

/** Words, CLS and registers of the list that the choice is of. */
export const chosenWords: ReadonlySignal<readonly number[]> = computed(() => {
  const [header, list] = [knownHeader.value, chosenList.value];
  return header === undefined || list === null ? [] : wordsOf(header, list);
});

/** CLS, else the last word, else the patch in the middle. */
function firstChoice(header: RecordHeader, list: TokenList): number {
  const names = Object.entries(header.special_names?.[list] ?? {});
  const cls = names.find(([, name]) => name === "cls");
  if (cls !== undefined) return Number(cls[0]);
  const special = new Set(header.special[list] ?? []);
  const words = wordsOf(header, list).filter((at) => !special.has(at) || isTextless(header, list));
  const last = words.at(-1);
  if (last !== undefined) return last;
  const [first] = panelsOf(header, list);
  if (first === undefined) return 0;
  return first.positions[(first.rows >> 1) * first.cols + (first.cols >> 1)]!;
}

const isTextless = (header: RecordHeader, list: TokenList): boolean =>
  (header.special[list] ?? []).length >= wordsOf(header, list).length;

/** The chosen position while nothing is pointed at. */
export const pinnedPosition: ReadonlySignal<number | null> = computed(() => {
  const [header, list] = [knownHeader.value, chosenList.value];
  if (header === undefined || list === null) return null;
  const pinned = shownDirection.value === "keys" ? query.value : key.value;
  const length = header.tokens[list]?.length ?? 0;
  return pinned !== null && pinned < length ? pinned : firstChoice(header, list);
});

/** The pointed position, else the chosen one. */
export const shownPosition: ReadonlySignal<number | null> = computed(
  () =>
    (shownDirection.value === "keys" ? hoverQuery.value : hoverKey.value) ?? pinnedPosition.value,
);

/** The patch under the pointer: of the map that is read, not of the choice. */
export const readPatch: ReadonlySignal<number> = computed(() => {
  const of = panel.value;
  const position = shownDirection.value === "keys" ? hoverKey.value : hoverQuery.value;
  return of === null ? -1 : patchAt(of, position);
});

/** What the Model view's maps are of. */
export const wantedMaps: ReadonlySignal<MapSide | null> = computed(() => {
  const [list, at] = [chosenList.value, shownPosition.value];
  if (panel.value === null || list === null || at === null) return null;
  return { side: shownDirection.value === "keys" ? "query" : "key", list, at };
});

/** The pixels that a panel lies on; null where there are none. */
export function pixelsOf(of: Panel | null): Pixels | null {
  const entry = knownHeader.value?.pictures?.[of?.picture ?? -1];
  const found = entry === undefined ? null : (media.value.get(entry.sha256) ?? null);
  return found !== null && "pixels" in found ? found.pixels : null;
}

/** Cross-attention to the frames of a sound, or attention among them. */
export const hasSound: ReadonlySignal<boolean> = computed(() => {
  const header = knownHeader.value;
  const lists = listsOf(header, layer.value);
  return header !== undefined && lists !== null && soundOf(header, lists.key) !== null;
});

/** How Compare draws the chosen head. */
export const shownChange: ReadonlySignal<ChangePicture> = computed(() => {
  const hasImage = directions.value.length > 0;
  const chosen = changePicture.value ?? (hasImage ? "image" : "matrix");
  return chosen === "image" && !hasImage ? "matrix" : chosen;
});
