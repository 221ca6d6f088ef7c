import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  DecodeError,
  decodeMetrics,
  decodeThumbnails,
  decodeVectors,
  decodeWeights,
  inflateMember,
  splitMembers,
  unpack,
} from "./decode";

interface Source {
  name: string;
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

function bytesOf(array: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The server's framing, written out by hand. */
function frame(fields: object, sources: Source[]): ArrayBuffer {
  let offset = 0;
  const arrays = sources.map(({ bytes, ...entry }) => {
    const place = { ...entry, offset, bytes: bytes.length };
    offset = Math.ceil((offset + bytes.length) / 8) * 8;
    return place;
  });
  const json = new TextEncoder().encode(JSON.stringify({ arrays, ...fields }));
  const start = Math.ceil((4 + json.length) / 8) * 8;
  const out = new Uint8Array(start + offset);
  new DataView(out.buffer).setUint32(0, json.length, true);
  out.set(json, 4);
  sources.forEach(({ bytes }, i) => out.set(bytes, start + arrays[i]!.offset));
  return out.buffer;
}

function weightsAnswer(fields: object, rowMax: number[], members: Uint8Array[]): ArrayBuffer {
  const all = Uint8Array.from(members.flatMap((member) => Array.from(member)));
  const lengths = Uint32Array.from(members, (member) => member.length);
  const maxima = Float32Array.from(rowMax);
  return frame(
    { layer: 3, head: null, heads: 2, queries: 2, keys: 3, precision: "uint8", ...fields },
    [
      { name: "row_max", dtype: "float32", shape: [rowMax.length], bytes: bytesOf(maxima) },
      { name: "member_bytes", dtype: "uint32", shape: [members.length], bytes: bytesOf(lengths) },
      { name: "weights", dtype: "uint8", shape: [all.length], bytes: all },
    ],
  );
}

const codes = [
  [255, 0, 51, 10, 20, 255],
  [0, 255, 0, 255, 128, 64],
];
const rowMax = [0.5, 1, 0.25, 0.75];
const members = codes.map((head) => new Uint8Array(gzipSync(Uint8Array.from(head))));

describe("decode", () => {
  test("arrays of every dtype are unpacked at their offsets", () => {
    const answer = unpack(
      frame({ run: "a" }, [
        { name: "u8", dtype: "uint8", shape: [3], bytes: Uint8Array.of(1, 2, 3) },
        { name: "f64", dtype: "float64", shape: [1], bytes: bytesOf(Float64Array.of(0.1)) },
        {
          name: "f16",
          dtype: "float16",
          shape: [4],
          bytes: bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7e00)),
        },
        {
          name: "bf16",
          dtype: "bfloat16",
          shape: [2],
          bytes: bytesOf(Uint16Array.of(0x3f80, 0xc000)),
        },
      ]),
    );
    expect(answer.fields).toEqual({ run: "a" });
    expect(Array.from(answer.arrays["u8"]!.data)).toEqual([1, 2, 3]);
    expect(Array.from(answer.arrays["f64"]!.data)).toEqual([0.1]);
    expect(Array.from(answer.arrays["f16"]!.data)).toEqual([1, -2, 2 ** -24, NaN]);
    expect(Array.from(answer.arrays["bf16"]!.data)).toEqual([1, -2]);
  });

  const broken: [string, ArrayBuffer][] = [
    ["an empty answer", new ArrayBuffer(0)],
    ["a length past the end", Uint8Array.of(255, 0, 0, 0, 1).buffer],
    ["JSON that is none", Uint8Array.of(2, 0, 0, 0, 0x7b, 0x7b, 0, 0).buffer],
    [
      "an unknown dtype",
      frame({}, [{ name: "x", dtype: "int3", shape: [1], bytes: Uint8Array.of(1) }]),
    ],
    [
      "a shape that needs more bytes",
      frame({}, [{ name: "x", dtype: "float32", shape: [2], bytes: new Uint8Array(4) }]),
    ],
    [
      "arrays that were cut off",
      frame({}, [{ name: "x", dtype: "uint8", shape: [16], bytes: new Uint8Array(16) }]).slice(
        0,
        -8,
      ),
    ],
  ];
  test.each(broken)("%s is refused", (_, buffer) => {
    expect(() => unpack(buffer)).toThrow(DecodeError);
  });

  test("weights of a layer are (code / 255)² times the row's maximum", async () => {
    const weights = await decodeWeights(weightsAnswer({}, rowMax, members));
    expect(weights).toMatchObject({ layer: 3, heads: 2, queries: 2, keys: 3 });
    expect(weights.weight(0, 0, 0)).toBe(0.5);
    expect(weights.weight(0, 0, 2)).toBeCloseTo(0.04 * 0.5);
    expect(weights.weight(1, 1, 0)).toBe(0.75);
    const row = new Float32Array(3);
    weights.readRow(1, 1, row);
    for (let key = 0; key < 3; key++) expect(row[key]).toBeCloseTo(weights.weight(1, 1, key), 6);
  });

  test("a part of a row is put at the keys' own places", async () => {
    const weights = await decodeWeights(weightsAnswer({}, rowMax, members));
    const row = new Float32Array(3);
    weights.readRow(0, 1, row, 2, 3);
    expect(Array.from(row)).toEqual([0, 0, 1]);
  });

  test("one head of a layer has one member", async () => {
    const answer = weightsAnswer({ head: 1, heads: 12 }, [0.25, 0.75], [members[1]!]);
    const weights = await decodeWeights(answer);
    expect(weights.heads).toBe(1);
    expect(weights.firstHead).toBe(1);
    expect(weights.weight(1, 1, 0)).toBe(0.75);
  });

  test("float32 and float16 members are the weights themselves", async () => {
    const exact = Float32Array.of(0.1, 0.2, 0.7, 1, 0, 0);
    const answer = weightsAnswer(
      { head: 0, precision: "float32" },
      [0.7, 1],
      [new Uint8Array(gzipSync(bytesOf(exact)))],
    );
    const weights = await decodeWeights(answer);
    expect(weights.weight(0, 0, 1)).toBe(exact[1]);
    const halves = Uint16Array.of(0x3800, 0, 0, 0x3c00, 0, 0);
    const half = await decodeWeights(
      weightsAnswer(
        { head: 0, precision: "float16" },
        [0.5, 1],
        [new Uint8Array(gzipSync(bytesOf(halves)))],
      ),
    );
    expect(half.weight(0, 0, 0)).toBe(0.5);
    const row = new Float32Array(3);
    half.readRow(0, 1, row);
    expect(Array.from(row)).toEqual([1, 0, 0]);
  });

  test("a flipped bit in a member is seen by its checksum", async () => {
    const member = members[0]!.slice();
    member[member.length - 7]! ^= 1; // inside the CRC
    await expect(inflateMember(member, new Uint8Array(6), "weights of head 0")).rejects.toThrow(
      "weights of head 0: its compressed bytes are damaged",
    );
  });

  test.each([5, 7])("a member that does not inflate to %i bytes is refused", async (size) => {
    await expect(inflateMember(members[0]!, new Uint8Array(size), "part")).rejects.toThrow(
      DecodeError,
    );
  });

  test("members are split by their lengths, which must fill the bytes", () => {
    const parts = splitMembers(Uint8Array.of(1, 2, 3), [1, 2]);
    expect(parts.map((part) => Array.from(part))).toEqual([[1], [2, 3]]);
    expect(() => splitMembers(Uint8Array.of(1, 2, 3), [1, 1])).toThrow("members of 2 bytes");
  });

  test("what was inflated stands alone: the answer's bytes are given back at once", async () => {
    const answer = weightsAnswer({}, rowMax, members);
    const weights = await decodeWeights(answer);
    expect(answer.byteLength).toBe(0);
    expect(weights.rowMax.buffer.byteLength).toBe(4 * rowMax.length);
    expect(weights.weight(1, 1, 0)).toBe(0.75);
  });

  test("thumbnails of ragged layers lie one after the other", async () => {
    const layers = [
      { heads: 2, height: 1, width: 2 },
      { heads: 1, height: 2, width: 2 },
    ];
    const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const packed = new Uint8Array(gzipSync(pixels));
    const thumbnails = await decodeThumbnails(
      frame({ layers }, [
        { name: "thumbnails", dtype: "uint8", shape: [packed.length], bytes: packed },
      ]),
    );
    expect(thumbnails.layers.map(({ offset }) => offset)).toEqual([0, 4]);
    expect(thumbnails.codes).toEqual(pixels);
  });

  test("metric series are read at [step, layer, head, metric]", () => {
    const values = Float32Array.from({ length: 2 * 1 * 2 * 2 }, (_, i) => i);
    const series = decodeMetrics(
      frame({ names: ["entropy", "confidence"], layers: [], damaged: [4] }, [
        { name: "values", dtype: "float32", shape: [2, 1, 2, 2], bytes: bytesOf(values) },
        { name: "steps", dtype: "float64", shape: [2], bytes: bytesOf(Float64Array.of(0, 8)) },
        { name: "wall_times", dtype: "float64", shape: [2], bytes: bytesOf(Float64Array.of(1, 2)) },
      ]),
    );
    expect(series.at(1, 0, 1, 0)).toBe(6);
    expect(series.at(9, 0, 0, 0)).toBeNaN();
    expect(series.damaged).toEqual([4]);
    expect(Array.from(series.steps)).toEqual([0, 8]);
  });

  test("query and key vectors keep their dimensions, float16 becomes float32", () => {
    const vectors = decodeVectors(
      frame({ kv_head: 1, scale: 0.5 }, [
        {
          name: "query",
          dtype: "float16",
          shape: [1, 2],
          bytes: bytesOf(Uint16Array.of(0x3c00, 0x4000)),
        },
        {
          name: "key",
          dtype: "float32",
          shape: [2, 2],
          bytes: bytesOf(Float32Array.of(1, 2, 3, 4)),
        },
      ]),
    );
    expect(Array.from(vectors.query)).toEqual([1, 2]);
    expect(vectors).toMatchObject({ dimensions: 2, kvHead: 1, scale: 0.5, bias: null });
  });
});
