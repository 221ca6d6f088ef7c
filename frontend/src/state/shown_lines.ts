/** How long the shown text is → lines or matrix, of which tokens lines are drawn, and from which weight on. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { headMode, threshold, type HeadMode } from "./display";
import { knownHeader } from "./loaded";
import { layer, tokenRange } from "./selection";

/** Tokens up to which the Head view opens with lines. */
const SHORT = 60;
/** Tokens up to which the lines of all of them are drawn at once. */
const MOST_AT_ONCE = 200;

/** Tokens of the longer side that are shown; 0 while that is not known. */
const length: ReadonlySignal<number> = computed(() => {
  const range = tokenRange.value;
  if (range !== null) return Math.max(range.query[1] - range.query[0], range.key[1] - range.key[0]);
  const shape = knownHeader.value?.layers[layer.value];
  return shape === undefined ? 0 : Math.max(shape.queries, shape.keys);
});

/** The chosen picture, or the one that fits the text. */
export const shownMode: ReadonlySignal<HeadMode> = computed(
  () => headMode.value ?? (length.value > SHORT ? "matrix" : "lines"),
);

/** The text is so long that lines are drawn for the pinned token alone. */
export const isPinnedAlone: ReadonlySignal<boolean> = computed(() => length.value > MOST_AT_ONCE);

/** The chosen limit, or one that uniform attention passes twice however many keys there are. */
export const shownThreshold: ReadonlySignal<number> = computed(() => {
  if (threshold.value !== null) return threshold.value;
  const keys = knownHeader.value?.layers[layer.value]?.keys ?? 1;
  return Math.min(0.02, Number((0.5 / keys).toPrecision(2)));
});
