/** The answer of `compare` → what every head gained and lost from record A to record B. */

import type { ThumbnailLayer } from "./decode";
import { inflateMember } from "./inflate";
import { takeArray, unpack } from "./unpack";

/** One head: mean Jensen–Shannon divergence of its rows / ln 2, and the cell whose weight differs most. */
export interface HeadChange {
  readonly layer: number;
  readonly head: number;
  readonly change: number;
  readonly query: number;
  readonly key: number;
  readonly before: number;
  readonly after: number;
}

/** Arrays are [layer, head] with `columns` heads a layer; NaN where a head does not exist or has no weights. */
export class Comparison {
  constructor(
    readonly layers: readonly ThumbnailLayer[],
    /** 128 + round(127 · sign · √|difference|), the largest difference of each cell. */
    readonly codes: Uint8Array,
    readonly columns: number,
    readonly change: Float32Array,
    readonly layerChange: Float32Array,
    readonly cells: { query: Uint32Array; key: Uint32Array },
    readonly values: { before: Float32Array; after: Float32Array },
    /** [layer, head], the one that changed most first. */
    readonly ranking: readonly (readonly [number, number])[],
    /** Positions whose tokens differ, by list of tokens. */
    readonly differing: Readonly<Record<string, readonly number[]>>,
    readonly warnings: readonly string[],
  ) {}

  head(layer: number, head: number): HeadChange {
    const at = layer * this.columns + head;
    return {
      layer,
      head,
      change: this.change[at] ?? NaN,
      query: this.cells.query[at] ?? 0,
      key: this.cells.key[at] ?? 0,
      before: this.values.before[at] ?? NaN,
      after: this.values.after[at] ?? NaN,
    };
  }

  get byteLength(): number {
    return this.codes.byteLength + 7 * this.change.byteLength;
  }
}

export async function decodeComparison(buffer: ArrayBuffer): Promise<Comparison> {
  const answer = unpack(buffer);
  let size = 0;
  const layers = (answer.fields["layers"] as Omit<ThumbnailLayer, "offset">[]).map((layer) => {
    const offset = size;
    size += layer.heads * layer.height * layer.width;
    return { ...layer, offset };
  });
  const codes = new Uint8Array(size);
  await inflateMember(takeArray(answer, "pictures", "uint8"), codes, "pictures");
  return new Comparison(
    layers,
    codes,
    answer.arrays["change"]!.shape[1] ?? 0,
    takeArray(answer, "change", "float32"),
    takeArray(answer, "layer_change", "float32"),
    { query: takeArray(answer, "query", "uint32"), key: takeArray(answer, "key", "uint32") },
    {
      before: takeArray(answer, "before", "float32"),
      after: takeArray(answer, "after", "float32"),
    },
    answer.fields["ranking"] as [number, number][],
    answer.fields["differing"] as Record<string, number[]>,
    answer.fields["warnings"] as string[],
  );
}
