/** Thumbnails and the tokens that are kept of each layer → the same thumbnails without any other weight. */

import type { Thumbnails } from "../decoding/decode";

/** Tokens [first, end) of either side, and how many there are. */
export interface KeptTokens {
  readonly query: readonly [first: number, end: number];
  readonly key: readonly [first: number, end: number];
  readonly queries: number;
  readonly keys: number;
}

/** Thumbnails have at most so many pixels a side. */
const SIDE = 64;

/** Pixels that hold some of the tokens [first, end). */
export function pixelsOfTokens(
  [first, end]: readonly [number, number],
  tokens: number,
): readonly [first: number, end: number] {
  const each = Math.ceil(tokens / SIDE);
  return [Math.floor(first / each), Math.ceil(end / each)];
}

/** null keeps a layer whole. */
export function keepTokens(
  { layers, codes }: Thumbnails,
  keptOf: (layer: number) => KeptTokens | null,
): Thumbnails {
  const left = new Uint8Array(codes);
  layers.forEach(({ heads, height, width, offset }, layer) => {
    const kept = keptOf(layer);
    if (kept === null) return;
    const [top, bottom] = pixelsOfTokens(kept.query, kept.queries);
    const [start, end] = pixelsOfTokens(kept.key, kept.keys);
    for (let row = 0; row < heads * height; row++) {
      const at = offset + row * width;
      const isKept = row % height >= top && row % height < bottom;
      left.fill(0, at, at + (isKept ? start : width));
      if (isKept) left.fill(0, at + end, at + width);
    }
  });
  return { layers, codes: left };
}
