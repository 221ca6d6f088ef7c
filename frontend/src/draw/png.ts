/** Pixels → the bytes of a PNG file. */

import { crc32 } from "../decoding/crc32";
import type { Raster } from "./raster";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
const EIGHT_BITS_RGBA = [8, 6, 0, 0, 0];

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function chunk(name: string, data: ArrayLike<number>): Uint8Array {
  const body = Uint8Array.from([...name].map((letter) => letter.charCodeAt(0)));
  const named = new Uint8Array(4 + data.length);
  named.set(body);
  named.set(data, 4);
  const whole = new Uint8Array(8 + named.length);
  whole.set(bigEndian(data.length));
  whole.set(named, 4);
  whole.set(bigEndian(crc32(named)), 4 + named.length);
  return whole;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Every line starts with a zero: no filter. */
function scanLines({ width, height, pixels }: Raster): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, 4 * width * height);
  const lines = new Uint8Array(height * (4 * width + 1));
  for (let y = 0; y < height; y++)
    lines.set(bytes.subarray(4 * width * y, 4 * width * (y + 1)), y * (4 * width + 1) + 1);
  return lines;
}

export async function encodePng(raster: Raster): Promise<Uint8Array<ArrayBuffer>> {
  const size = [...bigEndian(raster.width), ...bigEndian(raster.height)];
  const parts = [
    Uint8Array.from(signature),
    chunk("IHDR", [...size, ...EIGHT_BITS_RGBA]),
    chunk("IDAT", await deflate(scanLines(raster))),
    chunk("IEND", []),
  ];
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
