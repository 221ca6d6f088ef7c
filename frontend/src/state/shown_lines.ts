/** What the positions are and how long the shown text is → lines, matrix, image or sound, of which tokens lines are drawn, and from which weight on. */

import { computed, type ReadonlySignal } from "@preact/signals";

import {
  colourScale,
  type ColourScale,
  headMode,
  threshold,
  thumbnailStyle,
  type HeadMode,
  type ThumbnailStyle,
} from "./display";
import { knownHeader, loadedHeads } from "./loaded";
import { isComparing } from "./compare_state";
import { layer, tokenRange, view } from "./selection";
import { directions, hasSound, wantedMaps } from "./shown_image";
import { standaloneViews } from "./standalone";

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

/** The pictures that the selected layer can have. */
export const possibleModes: ReadonlySignal<readonly HeadMode[]> = computed(() => [
  "lines",
  "matrix",
  ...(isWhole() && directions.value.length > 0 ? ["image" as const] : []),
  ...(isWhole() && hasSound.value ? ["sound" as const] : []),
]);

/** Maps are drawn of heads that are loaded whole. */
const isWhole = (): boolean => loadedHeads.value !== "long";

function fittingMode(): HeadMode {
  const shape = knownHeader.value?.layers[layer.value];
  if (isWhole() && directions.value.length > 0) return "image";
  if (isWhole() && hasSound.value && shape?.kind === "cross") return "sound";
  return length.value > SHORT ? "matrix" : "lines";
}

/** The chosen picture, or the one that fits what the positions are. */
export const shownMode: ReadonlySignal<HeadMode> = computed(() => {
  const chosen = headMode.value;
  return chosen !== null && possibleModes.value.includes(chosen) ? chosen : fittingMode();
});

/** What the Model view's cells hold. */
export const shownThumbnails: ReadonlySignal<ThumbnailStyle> = computed(() => {
  const hasImage = directions.value.length > 0;
  if (thumbnailStyle.value === null) return hasImage ? "image" : "heat";
  return thumbnailStyle.value === "image" && !hasImage ? "heat" : thumbnailStyle.value;
});

/** The Model view asks for a map of every head. */
export const areMapsWanted: ReadonlySignal<boolean> = computed(
  () =>
    view.value === "model" &&
    !isComparing.value &&
    shownThumbnails.value === "image" &&
    wantedMaps.value !== null,
);

/** Of the layer the selected head alone is loaded: it is large, or maps of all heads stand beside it; a file holds whole layers. */
export const isHeadAlone: ReadonlySignal<boolean> = computed(
  () => loadedHeads.value === "one" || (areMapsWanted.value && standaloneViews.value === null),
);

/** The text is so long that lines are drawn for the pinned token alone. */
export const isPinnedAlone: ReadonlySignal<boolean> = computed(() => length.value > MOST_AT_ONCE);

/** Keys of the selected layer; 1 while that is not known. */
export const keysOfLayer: ReadonlySignal<number> = computed(
  () => knownHeader.value?.layers[layer.value]?.keys ?? 1,
);

/** The chosen colours of the matrix, or those that show what is more than uniform attention among many keys. */
export const shownScale: ReadonlySignal<ColourScale> = computed(
  () => colourScale.value ?? (keysOfLayer.value > MOST_AT_ONCE ? "uniform" : "root"),
);

/** The chosen limit, or one that uniform attention passes twice however many keys there are. */
export const shownThreshold: ReadonlySignal<number> = computed(() => {
  if (threshold.value !== null) return threshold.value;
  return Math.min(0.02, Number((0.5 / keysOfLayer.value).toPrecision(2)));
});
