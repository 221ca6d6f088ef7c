/** gzip members back to back → their inflated bytes, one after the other. */

import { gunzip } from "./gunzip";
import { release } from "./release";
import { DecodeError } from "./unpack";

/** Views of the single members, which lie back to back with the given lengths. */
export function splitMembers(bytes: Uint8Array, lengths: Iterable<number>): Uint8Array[] {
  const members: Uint8Array[] = [];
  let start = 0;
  for (const length of lengths) {
    members.push(bytes.subarray(start, start + length));
    start += length;
  }
  if (start !== bytes.length)
    throw new DecodeError("weights", `members of ${start} bytes in all, got ${bytes.length}`);
  return members;
}

/** Above so many bytes the browser's own inflater is faster; it checks length and checksum too. */
const LARGE = 1 << 16;
/** And above this while few streams are open: each holds 0.1 MiB until it is collected. */
const SMALL = 1 << 12;
const MOST_OPEN = 16;
let open = 0;

function isForBrowser(bytes: number): boolean {
  return bytes > LARGE || (bytes > SMALL && open < MOST_OPEN);
}

/** Inflate one gzip member into `into`, which it must fill exactly; its checksum is checked. */
export async function inflateMember(
  member: Uint8Array,
  into: Uint8Array,
  part: string,
): Promise<void> {
  let filled: number;
  try {
    filled = isForBrowser(into.length) ? await counted(member, into) : gunzip(member, into);
  } catch (cause) {
    throw new DecodeError(part, "its compressed bytes are damaged", { cause });
  }
  if (filled > into.length)
    throw new DecodeError(part, `inflates to more than ${into.length} bytes`);
  if (filled !== into.length)
    throw new DecodeError(part, `inflates to ${filled} bytes, expected ${into.length}`);
}

async function counted(member: Uint8Array, into: Uint8Array): Promise<number> {
  open++;
  try {
    return await streamed(member, into);
  } finally {
    open--;
  }
}

/** A DecompressionStream takes one member, no more. */
async function streamed(member: Uint8Array, into: Uint8Array): Promise<number> {
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const written = writer.write(member as Uint8Array<ArrayBuffer>).then(() => writer.close());
  written.catch(() => undefined); // the reader below meets the same error
  let filled = 0;
  for await (const chunk of chunksOf(stream.readable)) {
    if (filled + chunk.length <= into.length) into.set(chunk, filled);
    filled += chunk.length;
    if (filled > into.length) break;
    release(chunk.buffer);
  }
  return filled;
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
