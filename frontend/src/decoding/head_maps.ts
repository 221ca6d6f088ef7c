/** The answer of `maps` → the weights of one query, or of one key, in every head that has it. */

import { type Answer, DecodeError, takeArray, unpack } from "./unpack";

/** What is asked for: a position of one side, in one of the record's lists. */
export interface MapSide {
  readonly side: "query" | "key";
  readonly list: string;
  readonly at: number;
}

interface LayerMaps {
  readonly layer: number;
  readonly heads: number;
  readonly length: number;
}

export class HeadMaps implements MapSide {
  readonly side: "query" | "key";
  readonly list: string;
  readonly at: number;
  /** The record that they are of: what says where they come from must not run ahead of them. */
  readonly step: number;
  readonly #places = new Map<
    number,
    LayerMaps & { readonly head: number; readonly offset: number }
  >();
  readonly #maxima: Float32Array;
  readonly #codes: Uint8Array;

  constructor({ fields, arrays }: Answer, step: number) {
    this.step = step;
    this.side = fields["side"] as "query" | "key";
    this.list = fields["tokens"] as string;
    this.at = fields["at"] as number;
    this.#maxima = takeArray({ fields, arrays }, "maxima", "float32");
    this.#codes = takeArray({ fields, arrays }, "codes", "uint8");
    let [head, offset] = [0, 0];
    for (const entry of fields["layers"] as LayerMaps[]) {
      this.#places.set(entry.layer, { ...entry, head, offset });
      head += entry.heads;
      offset += entry.heads * entry.length;
    }
    if (head !== this.#maxima.length || offset !== this.#codes.length)
      throw new DecodeError(
        "codes",
        `expected ${offset} of ${head} heads, got ${this.#codes.length}`,
      );
  }

  get byteLength(): number {
    return this.#codes.byteLength + this.#maxima.byteLength;
  }

  /** By key, or by query; null where the layer has no such position. */
  weights(layer: number, head: number): Float32Array | null {
    const place = this.#places.get(layer);
    if (place === undefined || head >= place.heads) return null;
    const start = place.offset + head * place.length;
    const most = this.#maxima[place.head + head]!;
    const found = new Float32Array(place.length);
    for (let at = 0; at < place.length; at++) {
      const root = this.#codes[start + at]! / 255;
      found[at] = root * root * most;
    }
    return found;
  }

  /** Over the heads of a layer. */
  mean(layer: number): Float32Array | null {
    const place = this.#places.get(layer);
    if (place === undefined) return null;
    const sum = new Float32Array(place.length);
    for (let head = 0; head < place.heads; head++)
      this.weights(layer, head)!.forEach((weight, at) => (sum[at]! += weight / place.heads));
    return sum;
  }
}

export function decodeHeadMaps(buffer: ArrayBuffer, step: number): HeadMaps {
  return new HeadMaps(unpack(buffer), step);
}
