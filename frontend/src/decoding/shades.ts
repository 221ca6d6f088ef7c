/** Weights of layers of at most 64 × 64 positions → their thumbnails, which then are no smaller than the weights. */

import type { RecordHeader } from "./answers";
import type { LayerWeights, Thumbnails } from "./decode";

/** Every picture of the record has one pixel for each weight. See `are_weights` of the server's stand-alone pages. */
export function areWeights({ layers }: RecordHeader): boolean {
  return layers.every(
    ({ weights, source = "codes", thumbnail: [height, width], queries, keys }) =>
      weights && source === "codes" && height === queries && width === keys,
  );
}

export function thumbnailsOf(layers: readonly LayerWeights[]): Thumbnails {
  let total = 0;
  const sizes = layers.map(({ heads, queries: height, keys: width }) => {
    const offset = total;
    total += heads * height * width;
    return { heads, height, width, offset };
  });
  const codes = new Uint8Array(total);
  layers.forEach((layer, number) => shade(layer, codes, sizes[number]!.offset));
  return { layers: sizes, codes };
}

/** round(255 √weight); what is no number has no shade. */
function shade(layer: LayerWeights, into: Uint8Array, start: number): void {
  const row = new Float32Array(layer.keys);
  for (let at = 0; at < layer.heads * layer.queries; at++) {
    layer.readRow(layer.firstHead + Math.floor(at / layer.queries), at % layer.queries, row);
    const rowStart = start + at * layer.keys;
    for (let key = 0; key < layer.keys; key++)
      into[rowStart + key] = Math.min(255, Math.round(255 * Math.sqrt(row[key]!)));
  }
}
