/** Binary answers of the server → thumbnails, weights, vectors and metric series. */

import { decodeEvolution } from "./evolution_facts";
import { float16ToFloat32 } from "./half_float";
import { inflateMember, splitMembers } from "./inflate";
import { MetricSeries } from "./metric_series";
import { release } from "./release";
import type { ProbeHashes } from "./same_input";
import { type Answer, DecodeError, takeArray, unpack } from "./unpack";

export { inflateMember, splitMembers } from "./inflate";
export { MetricSeries } from "./metric_series";
export { type Answer, DecodeError, unpack } from "./unpack";

export interface ThumbnailLayer {
  heads: number;
  height: number;
  width: number;
  /** Where this layer's first head starts in `codes`. */
  offset: number;
}

/** Max-pooled weights of every head; code = round(255 √weight), rows are queries. */
export interface Thumbnails {
  layers: ThumbnailLayer[];
  codes: Uint8Array<ArrayBuffer>;
}

export type Precision = "uint8" | "float16" | "float32";

/** (code / 255)², by code. */
const squares = Float32Array.from({ length: 256 }, (_, code) => (code / 255) ** 2);

/** Weights of one layer as [head, query, key], or of one head of it: then `heads` is 1 and `firstHead` its index. */
export class LayerWeights {
  constructor(
    readonly layer: number,
    readonly heads: number,
    readonly queries: number,
    readonly keys: number,
    readonly precision: Precision,
    readonly rowMax: Float32Array,
    /** For uint8: weight = (code / 255)² × row maximum. */
    readonly codes: Uint8Array<ArrayBuffer> | null,
    /** For float16 and float32: the weights themselves. */
    readonly values: Float32Array<ArrayBuffer> | null,
    readonly firstHead = 0,
    /** Length of each key's value, [head, key]; null where it was not logged. */
    readonly valueNorm: Float32Array | null = null,
  ) {}

  get byteLength(): number {
    const own = (this.codes ?? this.values)!.byteLength + this.rowMax.byteLength;
    return own + (this.valueNorm?.byteLength ?? 0);
  }

  weight(head: number, query: number, key: number): number {
    const row = (head - this.firstHead) * this.queries + query;
    const at = row * this.keys + key;
    if (this.codes === null) return this.values![at]!;
    return squares[this.codes[at]!]! * this.rowMax[row]!;
  }

  /** Copy the weights of one query on keys [keyStart, keyEnd) into `into`, at the keys' own places. */
  readRow(head: number, query: number, into: Float32Array, keyStart = 0, keyEnd = this.keys): void {
    const row = (head - this.firstHead) * this.queries + query;
    const start = row * this.keys;
    if (this.codes === null) {
      for (let key = keyStart; key < keyEnd; key++) into[key] = this.values![start + key]!;
      return;
    }
    const maximum = this.rowMax[row]!;
    for (let key = keyStart; key < keyEnd; key++)
      into[key] = squares[this.codes[start + key]!]! * maximum;
  }
}

/** Query and key vectors of one head, [query, d] and [key, d]. */
export interface HeadVectors {
  layer: number;
  head: number;
  query: Float32Array;
  key: Float32Array;
  bias: Float32Array | null;
  biasShape: readonly number[];
  dimensions: number;
  kvHead: number;
  /** Factor on q · k; null where none was logged. */
  scale: number | null;
}

/** Takes the buffer over: afterwards it is empty. */
export async function decodeThumbnails(buffer: ArrayBuffer): Promise<Thumbnails> {
  const answer = unpack(buffer);
  const sizes = answer.fields["layers"] as Omit<ThumbnailLayer, "offset">[];
  let total = 0;
  const layers = sizes.map(({ heads, height, width }) => {
    const offset = total;
    total += heads * height * width;
    return { heads, height, width, offset };
  });
  const codes = new Uint8Array(total);
  await inflateMember(takeArray(answer, "thumbnails", "uint8"), codes, "thumbnails");
  release(buffer);
  return { layers, codes };
}

async function inflateHeads(
  answer: Answer,
  heads: number,
  headBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const lengths = takeArray(answer, "member_bytes", "uint32");
  if (lengths.length !== heads)
    throw new DecodeError("weights", `${heads} heads but ${lengths.length} members`);
  const members = splitMembers(takeArray(answer, "weights", "uint8"), lengths);
  const bytes = new Uint8Array(heads * headBytes);
  await Promise.all(
    members.map((member, head) =>
      inflateMember(
        member,
        bytes.subarray(head * headBytes, (head + 1) * headBytes),
        `weights of head ${head}`,
      ),
    ),
  );
  return bytes;
}

function floats(bytes: Uint8Array<ArrayBuffer>, precision: Precision): Float32Array<ArrayBuffer> {
  return precision === "float16"
    ? float16ToFloat32(new Uint16Array(bytes.buffer))
    : new Float32Array(bytes.buffer);
}

const weightBytes: Record<Precision, number> = { uint8: 1, float16: 2, float32: 4 };

/** Takes the buffer over: afterwards it is empty. */
export async function decodeWeights(buffer: ArrayBuffer): Promise<LayerWeights> {
  const answer = unpack(buffer);
  const { layer, head, heads, queries, keys, precision } = answer.fields as {
    layer: number;
    head: number | null;
    heads: number;
    queries: number;
    keys: number;
    precision: Precision;
  };
  const count = head === null ? heads : 1;
  const rowMax = takeArray(answer, "row_max", "float32").slice();
  if (rowMax.length !== count * queries)
    throw new DecodeError("row_max", `expected ${count * queries} rows, got ${rowMax.length}`);
  const bytes = await inflateHeads(answer, count, queries * keys * weightBytes[precision]);
  release(buffer);
  const coded = precision === "uint8";
  return new LayerWeights(
    layer,
    count,
    queries,
    keys,
    precision,
    rowMax,
    coded ? bytes : null,
    coded ? null : floats(bytes, precision),
    head ?? 0,
    normsOf(answer, count * keys),
  );
}

function normsOf(answer: Answer, length: number): Float32Array | null {
  if (answer.arrays["value_norm"] === undefined) return null;
  const norms = takeArray(answer, "value_norm", "float32");
  if (norms.length !== length)
    throw new DecodeError("value_norm", `expected ${length} numbers, got ${norms.length}`);
  return norms;
}

export function decodeMetrics(buffer: ArrayBuffer): MetricSeries {
  const answer = unpack(buffer);
  const fields = answer.fields as {
    names: string[];
    layers: MetricSeries["layers"];
    damaged?: number[];
    probe?: ProbeHashes | null;
  };
  return new MetricSeries(
    fields.names,
    fields.layers,
    fields.damaged ?? [],
    takeArray(answer, "steps", "float64"),
    takeArray(answer, "wall_times", "float64"),
    takeArray(answer, "values", "float32"),
    answer.arrays["values"]!.shape,
    decodeEvolution(answer),
    { parts: null, pending: 0, probe: fields.probe ?? null },
  );
}

export function decodeVectors(buffer: ArrayBuffer): HeadVectors {
  const answer = unpack(buffer);
  const {
    layer,
    head,
    kv_head: kvHead,
    scale,
  } = answer.fields as { layer: number; head: number; kv_head: number; scale: number | null };
  const bias = answer.arrays["bias"];
  return {
    layer,
    head,
    query: takeArray(answer, "query", "float32"),
    key: takeArray(answer, "key", "float32"),
    bias: bias === undefined ? null : takeArray(answer, "bias", "float32"),
    biasShape: bias?.shape ?? [],
    dimensions: answer.arrays["query"]?.shape[1] ?? 0,
    kvHead,
    scale,
  };
}
