/** Arrays and fields → a binary answer as the server packs it. */

type Data = Float32Array | Float64Array | Uint32Array | Uint8Array;

const dtypes: Record<string, string> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Uint32Array: "uint32",
  Uint8Array: "uint8",
};

const ceil8 = (size: number): number => Math.ceil(size / 8) * 8;

export function packed(
  arrays: Record<string, { data: Data; shape?: readonly number[] }>,
  fields: Record<string, unknown>,
): ArrayBuffer {
  let offset = 0;
  const entries = Object.entries(arrays).map(([name, { data, shape = [data.length] }]) => {
    const entry = { name, dtype: dtypes[data.constructor.name], shape, offset };
    offset += ceil8(data.byteLength);
    return { ...entry, bytes: data.byteLength };
  });
  const head = new TextEncoder().encode(JSON.stringify({ arrays: entries, ...fields }));
  const start = ceil8(4 + head.length);
  const answer = new Uint8Array(start + offset);
  new DataView(answer.buffer).setUint32(0, head.length, true);
  answer.set(head, 4);
  for (const [at, { data }] of Object.values(arrays).entries()) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    answer.set(bytes, start + entries[at]!.offset);
  }
  return answer.buffer;
}
