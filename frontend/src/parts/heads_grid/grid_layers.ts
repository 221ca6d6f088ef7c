/** Layers of a record or a metric series → rows of the grid of heads, and the names of its heads. */

import type { GridLayer, GridLayout } from "../../draw/grid";
import { groupName, layerName, layerNumber } from "../../text/layer_names";

/** What record headers and metric series both say of a layer. */
export interface LayerShape {
  readonly name: string;
  readonly kind: string;
  readonly stack: string;
  readonly heads: number;
  /** The model's own numbers, when only some heads were logged. */
  readonly head_numbers?: readonly number[];
}

/** Encoder, Decoder, Cross, …; nothing where all layers are of one sort. */
export function gridLayers(
  shapes: readonly LayerShape[],
  order: (layer: number) => readonly number[],
): GridLayer[] {
  const groups = shapes.map(groupName);
  const isOneGroup = new Set(groups).size <= 1;
  return shapes.map(({ heads }, layer) => ({
    layer,
    heads,
    group: isOneGroup ? "" : groups[layer]!,
    number: layerNumber(shapes, layer),
    order: order(layer),
  }));
}

/** Over the columns of layers that take several lines, where a column is no head's number. */
export function linesCaption({ isWrapped, columns }: GridLayout): string | null {
  return isWrapped ? `lines of ${columns} heads, numbered` : null;
}

export function headNumber(shape: LayerShape | undefined, head: number): number {
  return shape?.head_numbers?.[head] ?? head;
}

/** The name of a head's button: "Layer 5 head 3". */
export function headName(
  shapes: readonly LayerShape[],
  { layer, head }: { layer: number; head: number },
): string {
  return `${layerName(shapes, layer)} head ${headNumber(shapes[layer], head)}`;
}
