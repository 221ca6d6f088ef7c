/** Samples → a spectrogram: power by time and by frequency on a mel scale, and its pixels in grey. */

import { backgroundColour, mix, pixelOf, rgbOf, type Theme } from "./colour";
import { makeRaster, type Raster } from "./raster";
import { colourOf } from "./theme";

const WINDOW = 512;
const LOUDEST_BELOW = 8; // decades of power that are drawn

export interface Spectrogram {
  readonly bands: number;
  readonly columns: number;
  /** 0 to 1, the lowest band first, band after band. */
  readonly values: Float32Array;
}

/** In place, of a length that is a power of two. */
export function fourier(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length;
  for (let at = 1, bits = 0; at < length; at++) {
    let bit = length >> 1;
    for (; bits & bit; bit >>= 1) bits ^= bit;
    bits ^= bit;
    if (at < bits) [real[at], real[bits]] = [real[bits]!, real[at]!];
  }
  for (let size = 2; size <= length; size <<= 1) {
    const angle = (-2 * Math.PI) / size;
    for (let start = 0; start < length; start += size)
      for (let at = 0; at < size / 2; at++) {
        const [cos, sin] = [Math.cos(angle * at), Math.sin(angle * at)];
        const [upper, lower] = [start + at, start + at + size / 2];
        const re = real[lower]! * cos - imaginary[lower]! * sin;
        const im = real[lower]! * sin + imaginary[lower]! * cos;
        real[lower] = real[upper]! - re;
        imaginary[lower] = imaginary[upper]! - im;
        real[upper]! += re;
        imaginary[upper]! += im;
      }
  }
}

const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);

/** Where a frequency stands: 0 at the bottom, 1 at `most`. */
export const melHeight = (hertz: number, most: number): number => mel(hertz) / mel(most);

/** The band of each of the transform's bins. */
function bandsOf(rate: number, bands: number): Int32Array {
  const most = mel(rate / 2);
  return Int32Array.from({ length: WINDOW / 2 }, (_, bin) =>
    Math.min(bands - 1, Math.floor((mel(((bin + 0.5) * rate) / WINDOW) / most) * bands)),
  );
}

/** `seconds`: what the columns span, of which the samples may be a part. */
export function spectrogram(
  samples: Float32Array,
  rate: number,
  { seconds, columns, bands }: { seconds: number; columns: number; bands: number },
): Spectrogram {
  const bandOf = bandsOf(rate, bands);
  const power = new Float32Array(bands * columns);
  const [real, imaginary] = [new Float64Array(WINDOW), new Float64Array(WINDOW)];
  for (let column = 0; column < columns; column++) {
    const middle = Math.round(((column + 0.5) / columns) * seconds * rate);
    for (let at = 0; at < WINDOW; at++) {
      const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW);
      real[at] = hann * (samples[middle - WINDOW / 2 + at] ?? 0);
    }
    imaginary.fill(0);
    fourier(real, imaginary);
    for (let bin = 0; bin < WINDOW / 2; bin++) {
      const place = bandOf[bin]! * columns + column;
      power[place] = Math.max(power[place]!, real[bin]! ** 2 + imaginary[bin]! ** 2);
    }
  }
  return { bands, columns, values: scaled(filled(power, bands, columns)) };
}

/** Low bands that are narrower than a bin take the one below. */
function filled(power: Float32Array, bands: number, columns: number): Float32Array {
  for (let band = 1; band < bands; band++) {
    const row = power.subarray(band * columns, (band + 1) * columns);
    if (row.every((value) => value === 0))
      row.set(power.subarray((band - 1) * columns, band * columns));
  }
  return power;
}

function scaled(power: Float32Array): Float32Array {
  const most = Math.log10(power.reduce((a, b) => Math.max(a, b), 1e-12));
  return power.map((value) =>
    Math.max(0, 1 + (Math.log10(Math.max(value, 1e-20)) - most) / LOUDEST_BELOW),
  );
}

/** One pixel a value, the lowest band at the bottom. */
export function drawSpectrogram({ bands, columns, values }: Spectrogram, theme: Theme): Raster {
  const raster = makeRaster(columns, bands);
  const [paper, ink] = [backgroundColour(theme), rgbOf(colourOf("text", theme))];
  const greys = Array.from({ length: 256 }, (_, at) => pixelOf(mix(ink, paper, (at / 255) ** 2)));
  values.forEach((value, at) => {
    const [band, column] = [Math.floor(at / columns), at % columns];
    raster.pixels[(bands - 1 - band) * columns + column] = greys[Math.round(255 * value)]!;
  });
  return raster;
}
