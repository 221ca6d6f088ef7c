/** What the cells of the Model view hold → how they are painted; signals, no DOM. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { Paint } from "../../parts/heads_grid/canvas_painter";
import { mapPaint } from "./head_map";
import { imagePaint, isImage } from "./image_paint";
import { isMap, patternPaint } from "./scene";

export { isImage } from "./image_paint";

/** One colour a head, maps over the picture, or patterns. */
export const gridPaint: ReadonlySignal<Paint> = computed<Paint>(() => {
  if (isMap.value) return mapPaint.value;
  return isImage.value ? imagePaint.value : patternPaint();
});
