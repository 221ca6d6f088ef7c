/** A view opened without a head of one's own choice → the head that changed most, or that differs most between two records. */

import { effect, untracked } from "@preact/signals";

import type { RecordHeader } from "../decoding/answers";
import {
  changes,
  changesOfShown,
  comparison,
  compare,
  head,
  hidden,
  isHeadChosen,
  offeredHeads,
  layer,
  moveTo,
  record,
  series,
  shown,
  shownHeads,
  topMover,
  topOfShown,
  view,
} from "../state";

type Place = "model" | "compare" | "head";

interface First {
  readonly layer: number;
  readonly head: number;
  /** Of the Head view: the heads of its layer that changed. */
  readonly heads: readonly number[];
}

function placeNow(): Place | null {
  if (view.value === "model") return compare.value === null ? "model" : "compare";
  return view.value === "head" ? "head" : null;
}

function firstOf(place: Place): First | null {
  if (place === "compare") {
    if (comparison.value.status !== "ready") return null;
    const [top] = comparison.value.value.ranking;
    return top === undefined ? null : { layer: top[0], head: top[1], heads: [] };
  }
  const mover = series.value.status === "ready" ? topMover.value : null;
  if (mover === null) return null;
  const moved = topOfShown.value === null ? changes.value : changesOfShown.value;
  const heads = moved.filter(({ layer: of }) => of === mover.layer).map(({ head: at }) => at);
  return { layer: mover.layer, head: mover.head, heads };
}

function open({ layer: to, head: at, heads }: First, header: RecordHeader, place: Place): void {
  moveTo(() => {
    layer.value = to;
    head.value = at;
    if (place !== "head" || shownHeads.value !== null) return;
    const isSome = heads.length > 0 && heads.length < header.layers[to]!.heads;
    if (isSome) shownHeads.value = offeredHeads.value = new Set(heads);
  });
}

/** Once for each view: what is looked at does not change by itself. */
export function startFirstHead(): () => void {
  let opened: Place | null = null;
  let at = "0.0";
  return effect(() => {
    const place = placeNow();
    if (place !== opened) opened = null;
    if (hidden.value || place === null || isHeadChosen.value || opened === place) return;
    if (`${layer.value}.${head.value}` !== at && `${layer.value}.${head.value}` !== "0.0") return;
    const first = firstOf(place);
    const header = shown(record.value);
    if (first === null || header === undefined) return;
    if (first.head >= (header.layers[first.layer]?.heads ?? 0)) return;
    opened = place;
    at = `${first.layer}.${first.head}`;
    untracked(() => open(first, header, place));
  });
}
