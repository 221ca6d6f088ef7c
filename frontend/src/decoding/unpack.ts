/** One binary answer (u32 length, JSON, padding to 8, arrays) → its fields and typed arrays. */

import { bfloat16ToFloat32, float16ToFloat32 } from "./half_float";

/** Bytes that are not what the server promises; `part` names what could not be read. */
export class DecodeError extends Error {
  readonly part: string;

  constructor(part: string, message: string, options?: ErrorOptions) {
    super(`${part}: ${message}`, options);
    this.name = "DecodeError";
    this.part = part;
  }
}

export type AnswerArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

interface ArrayEntry {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
  bytes: number;
}

export interface Answer {
  /** Everything of the JSON part beside `arrays`. */
  fields: Record<string, unknown>;
  arrays: Record<string, { data: AnswerArray; shape: readonly number[] }>;
}

const bytesPerElement: Record<string, number> = {
  float32: 4,
  float64: 8,
  uint32: 4,
  uint8: 1,
  float16: 2,
  bfloat16: 2,
};

function view(buffer: ArrayBuffer, start: number, entry: ArrayEntry): AnswerArray {
  const length = entry.bytes / bytesPerElement[entry.dtype]!;
  switch (entry.dtype) {
    case "float32":
      return new Float32Array(buffer, start, length);
    case "float64":
      return new Float64Array(buffer, start, length);
    case "uint32":
      return new Uint32Array(buffer, start, length);
    case "float16":
      return float16ToFloat32(new Uint16Array(buffer, start, length));
    case "bfloat16":
      return bfloat16ToFloat32(new Uint16Array(buffer, start, length));
    default:
      return new Uint8Array(buffer, start, length);
  }
}

function checkEntry(entry: ArrayEntry, start: number, total: number): void {
  const size = bytesPerElement[entry.dtype];
  if (size === undefined) throw new DecodeError(entry.name, `unknown dtype ${entry.dtype}`);
  const elements = entry.shape.reduce((product, side) => product * side, 1);
  if (entry.bytes !== elements * size)
    throw new DecodeError(
      entry.name,
      `shape [${entry.shape.join(", ")}] of ${entry.dtype} needs ${elements * size} bytes, got ${entry.bytes}`,
    );
  if (start % 8 !== 0 || start + entry.bytes > total)
    throw new DecodeError(
      entry.name,
      `bytes ${start} to ${start + entry.bytes} of an answer of ${total}`,
    );
}

function readHead(buffer: ArrayBuffer): { head: Record<string, unknown>; arraysStart: number } {
  if (buffer.byteLength < 4)
    throw new DecodeError("answer", `only ${buffer.byteLength} bytes long`);
  const length = new DataView(buffer).getUint32(0, true);
  if (4 + length > buffer.byteLength)
    throw new DecodeError(
      "answer",
      `JSON part of ${length} bytes in ${buffer.byteLength} bytes: cut short?`,
    );
  const text = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  try {
    return {
      head: JSON.parse(text) as Record<string, unknown>,
      arraysStart: Math.ceil((4 + length) / 8) * 8,
    };
  } catch (cause) {
    throw new DecodeError("answer", "its JSON part cannot be parsed", { cause });
  }
}

export function unpack(buffer: ArrayBuffer): Answer {
  const { head, arraysStart } = readHead(buffer);
  const { arrays: entries, ...fields } = head as { arrays?: ArrayEntry[] };
  const arrays: Answer["arrays"] = {};
  for (const entry of entries ?? []) {
    const start = arraysStart + entry.offset;
    checkEntry(entry, start, buffer.byteLength);
    arrays[entry.name] = { data: view(buffer, start, entry), shape: entry.shape };
  }
  return { fields, arrays };
}

type AnswerDtype = "float32" | "float64" | "uint32" | "uint8";

interface ArrayOf {
  float32: Float32Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
}

const classes = {
  float32: Float32Array,
  float64: Float64Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
};

/** One array of the answer, of the class that the caller needs (float16 and bfloat16 arrive as float32). */
export function takeArray<D extends AnswerDtype>(
  answer: Answer,
  name: string,
  dtype: D,
): ArrayOf[D] {
  const data = answer.arrays[name]?.data;
  if (!(data instanceof classes[dtype]))
    throw new DecodeError(
      name,
      `expected an array of ${dtype}, got ${data?.constructor.name ?? "none"}`,
    );
  return data as ArrayOf[D];
}
