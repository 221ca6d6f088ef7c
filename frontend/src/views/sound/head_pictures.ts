/** A head's weights, or its stored thumbnail → a small picture of its words over the sound. */

import { sequentialTable } from "../../draw/colour";
import { headCodes } from "../../draw/heads_picture";
import { SOUND_END, strengthOf } from "../../draw/patch_map";
import { makeRaster, type Raster } from "../../draw/raster";
import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights, Thumbnails } from "../../decoding/decode";
import type { Theme } from "../../state";
import type { Alignment } from "./alignment";
import { alignmentOf, type SoundScene } from "./sound_scene";

export interface PictureSource {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly thumbnails: Thumbnails | null;
  readonly scene: SoundScene;
}

/** Of the pixels that `from` to `end` of `length` positions fall into. */
function pixelsOf(from: number, end: number, length: number, pixels: number): [number, number] {
  const each = Math.ceil(length / pixels);
  return [Math.floor(from / each), Math.min(pixels, Math.ceil(end / each))];
}

/** The words' part of a thumbnail; null where there is none. */
export function thumbnailPart(
  { record, thumbnails, scene }: PictureSource,
  layer: number,
  head: number,
): Alignment | null {
  const found = thumbnails === null ? null : headCodes(thumbnails, layer, head);
  const shape = record.layers[layer];
  if (found === null || shape === undefined) return null;
  const { span, frames, queries } = scene;
  const [top, bottom] = pixelsOf(queries[0]!, queries.at(-1)! + 1, shape.queries, found.rows);
  const [left, right] = pixelsOf(span.start, span.start + frames, shape.keys, found.columns);
  const [rows, columns] = [bottom - top, right - left];
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < columns; at++) {
      const code = found.codes[found.offset + (top + row) * found.columns + left + at]!;
      values[row * columns + at] = (code / 255) ** 2;
    }
  return { rows, columns, values };
}

function weightsOf(source: PictureSource, layer: number, head: number): Alignment | null {
  const { weights, scene } = source;
  const isLoaded =
    layer === weights.layer &&
    head >= weights.firstHead &&
    head < weights.firstHead + weights.heads;
  if (!isLoaded) return thumbnailPart(source, layer, head);
  return alignmentOf(weights, head, scene.queries, scene.span, scene.frames);
}

/** `isOwn`: up to its own largest weight. */
export function headPicture(
  source: PictureSource,
  [layer, head]: readonly [layer: number, head: number],
  [width, height]: readonly [width: number, height: number],
  { theme, isOwn }: { theme: Theme; isOwn: boolean },
): Raster | null {
  const part = weightsOf(source, layer, head);
  if (part === null || part.values.length === 0) return null;
  const { rows, columns, values } = part;
  const keys = source.record.layers[layer]!.keys;
  const most = isOwn ? values.reduce((a, b) => Math.max(a, b), 0) || 1 : 0;
  const colours = sequentialTable(theme);
  const raster = makeRaster(width, height);
  const stretch = (at: number, of: number, length: number): [number, number] => {
    const first = Math.floor((at * length) / of);
    return [first, Math.max(first + 1, Math.floor(((at + 1) * length) / of))];
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom] = stretch(y, height, rows);
    for (let x = 0; x < width; x++) {
      const [left, right] = stretch(x, width, columns);
      let largest = 0;
      for (let row = top; row < bottom; row++)
        for (let at = left; at < right; at++)
          largest = Math.max(largest, values[row * columns + at]!);
      const strength = isOwn ? Math.sqrt(largest / most) : strengthOf(largest * keys, SOUND_END);
      raster.pixels[y * width + x] = colours[Math.round(255 * strength)]!;
    }
  }
  return raster;
}
