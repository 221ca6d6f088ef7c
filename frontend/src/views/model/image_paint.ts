/** Maps of one query, or key, in every head and the picture → pixels of the grid; signals, no DOM. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { LayerHeader } from "../../decoding/answers";
import type { HeadMaps } from "../../decoding/head_maps";
import type { Panel } from "../../decoding/panels";
import { themePixel } from "../../draw/colour";
import { intersects } from "../../draw/canvas_window";
import { cellBox, MEAN, type GridLayout, type GridRow } from "../../draw/grid";
import { deviceBox, drawCross, type Target } from "../../draw/heads_picture";
import { drawPatchMap, type MapStyle, type PatchMap } from "../../draw/patch_map";
import { fillBox, pasteRaster, type Box } from "../../draw/raster";
import type { Paint } from "../../parts/heads_grid/canvas_painter";
import {
  basePicture,
  pictureSize,
  type BasePicture,
  type Lying,
} from "../../parts/picture_map/base_picture";
import { mapOf, patchMap, type MapLook } from "../../parts/picture_map/map_values";
import {
  headMaps,
  knownHeader,
  panel as shownPanel,
  pictureLook,
  pixelsOf,
  shown,
  shownThumbnails,
  theme,
} from "../../state";
import { mapLook, mapStyle } from "../image/shown_maps";
import { isBrokenHead, isMap, patternPaint } from "./scene";

/** The cells hold maps over the picture. */
export const isImage: ReadonlySignal<boolean> = computed(
  () => !isMap.value && shownThumbnails.value === "image" && shownPanel.value !== null,
);

interface Scene {
  readonly panel: Panel;
  readonly maps: HeadMaps | null;
  readonly look: MapLook;
  readonly style: MapStyle;
  readonly lying: Omit<Lying, "scale">;
  readonly source: ReturnType<typeof pixelsOf>;
  readonly layers: readonly LayerHeader[];
  readonly background: number;
  readonly cross: number;
}

const scene: ReadonlySignal<Scene | null> = computed(() => {
  const panel = shownPanel.value;
  if (panel === null || !isImage.value) return null;
  const look = mapLook();
  return {
    panel,
    maps: shown(headMaps.value) ?? null,
    // A line around patches of three pixels would hide them.
    look: look.topLook === "mask" ? look : { ...look, topShare: 0 },
    style: mapStyle(),
    lying: { look: pictureLook.value, theme: theme.value },
    source: pixelsOf(panel),
    layers: knownHeader.value?.layers ?? [],
    background: themePixel("background", theme.value),
    cross: themePixel("error", theme.value),
  };
});

/** What a head shows; null while it is not known. */
function mapIn({ maps, panel, look, layers }: Scene, layer: number, head: number): PatchMap | null {
  const line = head === MEAN ? maps?.mean(layer) : maps?.weights(layer, head);
  const shape = layers[layer];
  if (maps === null || shape === undefined || !line) return null;
  return patchMap(panel, mapOf(line, shape, { panel, side: maps.side, at: maps.at }), look);
}

/** Attention from, or to, the list whose patches are shown. */
function hasPatches({ panel, maps }: Scene, shape: LayerHeader | undefined): boolean {
  if (shape === undefined) return false;
  if (maps === null) return shape.key_tokens === panel.list || shape.query_tokens === panel.list;
  const [chosen, patches] =
    maps.side === "query"
      ? [shape.query_tokens, shape.key_tokens]
      : [shape.key_tokens, shape.query_tokens];
  return chosen === maps.list && patches === panel.list;
}

/** The picture as large as it fits into a cell. */
function placeIn(cell: Box, panel: Panel): Box {
  const size = pictureSize(panel, cell.width, cell.height);
  const [x, y] = [cell.width - size.width, cell.height - size.height].map((left) =>
    Math.floor(left / 2),
  );
  return { x: cell.x + x!, y: cell.y + y!, ...size };
}

function paintMaps(
  of: Scene,
  { raster, window }: Target,
  layout: GridLayout,
  rows: readonly GridRow[],
  scale: number,
): void {
  let base: BasePicture | null = null;
  for (const row of rows) {
    if (!hasPatches(of, of.layers[row.layer])) continue;
    for (const head of layout.meanX === null ? row.order : [...row.order, MEAN]) {
      const cell = cellBox(layout, { layer: row.layer, head })!;
      if (!intersects(cell, window)) continue;
      fillBox(raster, deviceBox(cell, window, scale), of.background);
      const place = deviceBox(placeIn(cell, of.panel), window, scale);
      if (base?.raster.width !== place.width || base.raster.height !== place.height)
        base = basePicture(of.panel, of.source, place, { ...of.lying, scale: 1 });
      pasteRaster(raster, base.raster, place.x, place.y);
      if (isBrokenHead(row.layer, head)) drawCross(raster, place, of.cross, scale);
      const map = mapIn(of, row.layer, head);
      if (map === null) continue;
      const { box } = base;
      drawPatchMap(raster, { ...box, x: place.x + box.x, y: place.y + box.y }, map, of.style);
    }
  }
}

/** Layers that have no patches keep their patterns. */
export const imagePaint: ReadonlySignal<Paint> = computed<Paint>(() => {
  const of = scene.value;
  const below = patternPaint((layer) => of !== null && hasPatches(of, of.layers[layer]));
  return (target, layout, rows, scale) => {
    below(target, layout, rows, scale);
    if (of !== null) paintMaps(of, target, layout, rows, scale);
  };
});
