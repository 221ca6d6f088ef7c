/** A layer's mask and one head's bias → the keys that a query may attend to. */

import type { HeadVectors } from "../../decoding/decode";
import { maskRange } from "../../decoding/mask";
import type { LayerHeader } from "../../state";

export interface KeysSeen {
  /** Keys [first, end) that the kind of mask leaves to a query. */
  range: (query: number) => readonly [first: number, end: number];
  /** Added to the scaled score; −∞ hides the key. */
  added: (query: number, key: number) => number;
}

/** Keys before the first query, as a decoder with a cache has them. */
export function keysAhead({ keys, queries, kind }: LayerHeader): number {
  return kind === "self" ? keys - queries : 0;
}

/** 1 for each key that the query may attend to. */
export function seenKeys(header: LayerHeader, vectors: HeadVectors, query: number): Uint8Array {
  const mask = keysSeen(header, vectors);
  const [first, end] = mask.range(query);
  return Uint8Array.from({ length: header.keys }, (_, key) =>
    Number(key >= first && key < end && mask.added(query, key) !== -Infinity),
  );
}

export function keysSeen(header: LayerHeader, { bias, biasShape }: HeadVectors): KeysSeen {
  const range = maskRange(header) ?? ((): [number, number] => [0, header.keys]);
  const [rows = 1, columns = 1] = biasShape;
  return {
    range,
    added(query, key) {
      if (bias === null) return 0;
      return bias[(rows > 1 ? query : 0) * columns + (columns > 1 ? key : 0)]!;
    },
  };
}
