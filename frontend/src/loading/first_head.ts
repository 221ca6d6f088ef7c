/** The Model view opened without a head of one's own choice → the head that changed most. */

import { effect, untracked } from "@preact/signals";

import {
  compare,
  head,
  hidden,
  isHeadChosen,
  layer,
  moveTo,
  record,
  series,
  shown,
  topMover,
  view,
} from "../state";

export function startFirstHead(): () => void {
  return effect(() => {
    if (hidden.value || view.value !== "model" || compare.value !== null) return;
    if (isHeadChosen.value || layer.value !== 0 || head.value !== 0) return;
    const mover = series.value.status === "ready" ? topMover.value : null;
    const header = shown(record.value);
    if (mover === null || header === undefined) return;
    if (mover.head >= (header.layers[mover.layer]?.heads ?? 0)) return;
    untracked(() =>
      moveTo(() => {
        layer.value = mover.layer;
        head.value = mover.head;
      }),
    );
  });
}
