import { expect, it } from "vitest";

import { decodeMedia, decodeWave } from "./picture";

function wave(samples: number[], bits = 16): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at: number, letters: string): void =>
    [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 16000, true);
  view.setUint16(34, bits, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => view.setInt16(44 + 2 * i, sample, true));
  return view.buffer;
}

it("reads the samples and the rate of a WAV", async () => {
  const media = await decodeMedia(wave([0, 16384, -32768]));
  expect("samples" in media && media.samples.rate).toBe(16000);
  expect("samples" in media && [...media.samples.values]).toEqual([0, 0.5, -1]);
});

it("refuses a sound that the writer does not make", () => {
  expect(() => decodeWave(wave([0], 8))).toThrow("16 bits");
});
