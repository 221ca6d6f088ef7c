/** One gzip member → its bytes, its checksum and length checked: fflate inflates and does not look at these. */

import { gunzipSync } from "fflate";

import { crc32 } from "./crc32";

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
