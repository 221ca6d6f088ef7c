/** The bytes of a stored picture or sound → pixels, or samples. */

/** Packed as ImageData holds them. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array<ArrayBuffer>;
}

export interface Samples {
  readonly rate: number;
  /** −1 to 1. */
  readonly values: Float32Array<ArrayBuffer>;
}

export type Media = { readonly pixels: Pixels } | { readonly samples: Samples };

export function mediaBytes(media: Media): number {
  return "pixels" in media ? media.pixels.pixels.byteLength : media.samples.values.byteLength;
}

export async function decodeMedia(buffer: ArrayBuffer): Promise<Media> {
  const isSound = new TextDecoder("latin1").decode(new Uint8Array(buffer, 8, 4)) === "WAVE";
  return isSound ? { samples: decodeWave(buffer) } : { pixels: await decodePixels(buffer) };
}

async function decodePixels(buffer: ArrayBuffer): Promise<Pixels> {
  const bitmap = await createImageBitmap(new Blob([buffer]));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, pixels: new Uint32Array(data.buffer) };
}

/** WAV of one channel and 16 bits, as the writer makes it. */
export function decodeWave(buffer: ArrayBuffer): Samples {
  const view = new DataView(buffer);
  const name = (at: number): string =>
    new TextDecoder("latin1").decode(new Uint8Array(buffer, at, 4));
  let rate = 0;
  for (let at = 12; at + 8 <= buffer.byteLength;) {
    const size = view.getUint32(at + 4, true);
    if (name(at) === "fmt ") {
      const [format, channels, bits] = [8, 10, 22].map((place) => view.getUint16(at + place, true));
      if (format !== 1 || channels !== 1 || bits !== 16)
        throw new Error(`expected a sound of one channel and 16 bits, got ${channels} and ${bits}`);
      rate = view.getUint32(at + 12, true);
    }
    if (name(at) === "data" && rate > 0) {
      const count = Math.min(size, buffer.byteLength - at - 8) >> 1;
      const values = new Float32Array(count);
      for (let i = 0; i < count; i++) values[i] = view.getInt16(at + 8 + 2 * i, true) / 32768;
      return { rate, values };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error("a sound without samples");
}
