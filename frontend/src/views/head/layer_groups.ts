/** Layers of a record → groups by stack and kind, each with its layers, in the record's order. */

import type { LayerHeader } from "../../state";
import { groupName } from "../../text/layer_names";

export interface LayerGroup {
  id: string;
  name: string;
  layers: number[];
}

export function layerGroups(layers: readonly LayerHeader[]): LayerGroup[] {
  const groups = new Map<string, LayerGroup>();
  layers.forEach((layer, i) => {
    const name = groupName(layer);
    const group = groups.get(name) ?? { id: name, name, layers: [] };
    group.layers.push(i);
    groups.set(name, group);
  });
  return [...groups.values()];
}

/** The layer at the same place of another group, or its last one. */
export function sameDepth(from: LayerGroup | undefined, to: LayerGroup, layer: number): number {
  const place = from?.layers.indexOf(layer) ?? 0;
  return to.layers[Math.min(Math.max(0, place), to.layers.length - 1)]!;
}
