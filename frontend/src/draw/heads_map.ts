/** One colour a head and a grid layout → pixels of the map of all heads. */

import { deviceBox, type Target } from "./heads_picture";
import type { GridLayout, GridRow } from "./grid";
import { fillBox } from "./raster";

export interface MapScene {
  readonly background: number;
  /** Pixel of a head. */
  readonly colour: (layer: number, head: number) => number;
}

export function drawMapRows(
  { raster, window }: Target,
  layout: GridLayout,
  rows: readonly GridRow[],
  { background, colour }: MapScene,
  scale: number,
): void {
  const { width, height } = layout.cell;
  for (const { layer, order, top, pitch } of rows) {
    const band = { x: window.x, y: top, width: window.width, height: pitch };
    fillBox(raster, deviceBox(band, window, scale), background);
    order.forEach((head, column) => {
      const x = column * layout.pitchX;
      if (x + width < window.x || x > window.x + window.width) return;
      fillBox(raster, deviceBox({ x, y: top, width, height }, window, scale), colour(layer, head));
    });
  }
}
