/** One gzip member → its bytes, its checksum and length checked: fflate inflates and does not look at these. */

import { gunzipSync } from "fflate";

const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = checksums[(rest ^ byte) & 255]! ^ (rest >>> 8);
  return ~rest >>> 0;
}

/**
 * Inflate a member into `into`; answers how many bytes it says it has, of which those beyond `into` are left out.
 * Throws an Error that says what is wrong with it.
 */
export function gunzip(member: Uint8Array, into: Uint8Array): number {
  const bytes = gunzipSync(member, { out: into });
  const trailer = new DataView(member.buffer, member.byteOffset + member.length - 8, 8);
  const length = trailer.getUint32(4, true);
  if (length > into.length) return length;
  if (length !== bytes.length) throw new Error("its length is wrong");
  if (trailer.getUint32(0, true) !== crc32(bytes)) throw new Error("its checksum is wrong");
  return length;
}
