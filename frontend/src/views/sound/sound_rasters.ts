/** Weights, samples → the pixels of the matrix and of the spectrogram, one column a pixel of the axis. */

import { sequentialTable } from "../../draw/colour";
import { SOUND_END, strengthOf } from "../../draw/patch_map";
import { makeRaster, type Raster } from "../../draw/raster";
import { drawSpectrogram, spectrogram } from "../../draw/spectrogram";
import { mapScale, type Theme } from "../../state";
import { samplesOf, type SoundScene } from "./sound_scene";

export const BANDS = 80;

/** Multiples of uniform, or of the largest weight. */
export function matrixRaster(
  { weights }: SoundScene,
  width: number,
  keys: number,
  name: Theme,
): Raster {
  const { rows, columns, values } = weights;
  const raster = makeRaster(width, rows);
  const most = mapScale.value === "own" ? values.reduce((a, b) => Math.max(a, b), 0) || 1 : 0;
  const colours = sequentialTable(name);
  for (let row = 0; row < rows; row++)
    for (let x = 0; x < width; x++) {
      const first = Math.floor((x * columns) / width);
      const end = Math.max(first + 1, Math.floor(((x + 1) * columns) / width));
      let largest = 0;
      for (let at = first; at < end; at++) largest = Math.max(largest, values[row * columns + at]!);
      const strength = most > 0 ? Math.sqrt(largest / most) : strengthOf(largest * keys, SOUND_END);
      raster.pixels[row * width + x] = colours[Math.round(255 * strength)]!;
    }
  return raster;
}

export function soundRaster(
  { span, seconds }: SoundScene,
  width: number,
  name: Theme,
): Raster | null {
  const samples = samplesOf(span);
  if (samples === null) return null;
  const asked = { seconds, columns: width, bands: BANDS };
  return drawSpectrogram(spectrogram(samples.values, samples.rate, asked), name);
}
