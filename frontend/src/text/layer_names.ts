/** Layers in the order of their calls → their numbers and names as a model counts them: within stack and kind. */

import { formatPositions } from "./positions";

export interface LayerSort {
  readonly kind: string;
  readonly stack: string;
}

/** Encoder, Decoder, Cross, …: layers that are counted together. */
export function groupName({ kind, stack }: LayerSort): string {
  if (kind === "cross") return stack === "" || stack === "decoder" ? "Cross" : `Cross, ${stack}`;
  return stack === "" ? "Self" : stack.charAt(0).toUpperCase() + stack.slice(1);
}

/** Among the layers of its group. */
export function layerNumber(shapes: readonly LayerSort[], layer: number): number {
  const own = shapes[layer];
  if (own === undefined) return layer;
  return shapes.slice(0, layer).filter((shape) => groupName(shape) === groupName(own)).length;
}

const hasGroups = (shapes: readonly LayerSort[]): boolean =>
  new Set(shapes.map(groupName)).size > 1;

/** "Layer 3"; of a model with several groups "Decoder layer 1". */
export function layerName(shapes: readonly LayerSort[] | undefined, layer: number): string {
  const own = shapes?.[layer];
  if (shapes === undefined || own === undefined || !hasGroups(shapes)) return `Layer ${layer}`;
  return `${groupName(own)} layer ${layerNumber(shapes, layer)}`;
}

/** "3"; of a model with several groups "D1". */
export function layerShort(shapes: readonly LayerSort[] | undefined, layer: number): string {
  const own = shapes?.[layer];
  if (shapes === undefined || own === undefined || !hasGroups(shapes)) return String(layer);
  return `${groupName(own).charAt(0)}${layerNumber(shapes, layer)}`;
}

/** "Layers 0–3, 5"; of a model with several groups "Layers E0, E1, D0". */
export function layersText(shapes: readonly LayerSort[], layers: readonly number[]): string {
  if (!hasGroups(shapes)) return `Layers ${formatPositions(layers, { comma: ", ", dash: "–" })}`;
  return `Layers ${layers.map((layer) => layerShort(shapes, layer)).join(", ")}`;
}
