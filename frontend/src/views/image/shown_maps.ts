/** One layer's weights and the shown position → every drawn head's map, and their mean. */

import type { LayerHeader, RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import type { Panel } from "../../decoding/panels";
import { rolloutLine, type Rollout } from "../../decoding/rollout";
import type { MapStyle } from "../../draw/patch_map";
import { lineOf, mapOf, type MapLook, type MapValues } from "../../parts/picture_map/map_values";
import {
  between,
  drawnHeads,
  isContribution,
  mapOpacity,
  mapScale,
  pinnedPosition,
  rolloutHeads,
  shownDirection,
  shownPosition,
  theme,
  topLook,
  topShare,
} from "../../state";

export interface ImageModeProps {
  record: RecordHeader;
  weights: LayerWeights;
  /** Number of each head, as in the model. */
  names: readonly string[];
}

export interface HeadMap extends MapValues {
  /** null: the mean over the drawn heads. */
  readonly head: number | null;
  /** By the positions of the other side. */
  readonly line: Float32Array;
}

export interface ShownMaps {
  readonly layer: LayerHeader;
  readonly side: "query" | "key";
  /** Pointed at, or chosen. */
  readonly at: number;
  readonly pinned: number;
  readonly maps: readonly HeadMap[];
}

export function shownMaps(
  record: RecordHeader,
  weights: LayerWeights,
  panel: Panel,
): ShownMaps | null {
  const layer = record.layers[weights.layer];
  const at = shownPosition.value;
  if (layer === undefined || at === null) return null;
  const side = shownDirection.value === "keys" ? "query" : "key";
  const wanted = { panel, side, at } as const;
  const heads = drawnHeads(weights);
  const mapFor = (head: number | null, line: Float32Array): HeadMap => ({
    head,
    line,
    ...mapOf(line, layer, wanted),
  });
  const maps = heads.map((head) => mapFor(head, lineOf(weights, [head], wanted)));
  const mean = maps.length > 1 ? [mapFor(null, meanLine(maps))] : [];
  return { layer, side, at, pinned: pinnedPosition.value ?? at, maps: [...maps, ...mean] };
}

function meanLine(maps: readonly HeadMap[]): Float32Array {
  const mean = new Float32Array(maps[0]!.line.length);
  for (const { line } of maps)
    for (let at = 0; at < mean.length; at++) mean[at]! += line[at]! / maps.length;
  return mean;
}

/** What all layers of the stack together let through; null: it is not wanted, or not there. */
export function rolloutMap(
  found: Rollout | undefined,
  shown: ShownMaps,
  panel: Panel,
): HeadMap | null {
  if (found === undefined) return null;
  const { layer, side, at } = shown;
  const line = rolloutLine(found, side, at);
  return { head: null, line, ...mapOf(line, layer, { panel, side, at }) };
}

/** It is of weights whatever the other maps are of. */
export function rolloutText({ layers }: Rollout): string {
  return `rollout over ${layers.length} layers, ${rolloutHeads.value} of the heads${isContribution.value ? ", of weights" : ""}`;
}

export const mapLook = (): MapLook => ({
  scale: mapScale.value,
  topShare: topShare.value,
  topLook: topLook.value,
});

export const mapStyle = (): MapStyle => ({
  theme: theme.value,
  opacity: mapOpacity.value,
  isSmooth: between.value === "smooth",
});
