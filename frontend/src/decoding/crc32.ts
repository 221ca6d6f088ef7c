/** Bytes → their CRC-32, as gzip and PNG have it. */

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

export function crc32(bytes: Uint8Array): number {
  let rest = -1;
  // eslint-disable-next-line @typescript-eslint/prefer-for-of -- an iterator takes twenty times as long
  for (let at = 0; at < bytes.length; at++) rest = table[(rest ^ bytes[at]!) & 255]! ^ (rest >>> 8);
  return ~rest >>> 0;
}
