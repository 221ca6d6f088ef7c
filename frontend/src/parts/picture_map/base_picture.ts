/** A panel, its picture and a size → the raster that maps are laid on, kept for every map of that size. */

import { useMemo } from "preact/hooks";

import type { Pixels } from "../../decoding/picture";
import type { Panel } from "../../decoding/panels";
import { patchBox, scaledPicture, type Look } from "../../draw/patch_map";
import type { Box, Raster } from "../../draw/raster";
import type { Theme } from "../../state";

/** CSS pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface BasePicture {
  readonly raster: Raster;
  /** Where the patches lie, in its pixels. */
  readonly box: Box;
}

/** As wide as asked for or less, so that a patch is a whole number of pixels, where the picture is all patches. */
export function pictureSize(
  { aspect, cols, box }: Panel,
  most: number,
  highest = Infinity,
): PictureSize {
  const wide = Math.max(16, Math.min(most, highest * aspect));
  const isWhole = box[0] === 0 && box[2] === 1 && wide >= 2 * cols;
  const width = isWhole ? cols * Math.floor(wide / cols) : Math.floor(wide);
  return { width, height: Math.max(1, Math.round(width / aspect)) };
}

export interface Lying {
  readonly look: Look;
  readonly theme: Theme;
  readonly scale: number;
}

const kept = new WeakMap<Pixels, Map<string, Raster>>();
const MOST_KEPT = 12;

/** The same raster for the same question: it must not be drawn on. */
function scaledOnce(
  source: Pixels | null,
  width: number,
  height: number,
  look: Look,
  theme: Theme,
): Raster {
  if (source === null) return scaledPicture(null, width, height, look, theme);
  const known = kept.get(source) ?? new Map<string, Raster>();
  kept.set(source, known);
  const key = `${width} ${height} ${look} ${theme}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST_KEPT) known.clear();
  const made = scaledPicture(source, width, height, look, theme);
  known.set(key, made);
  return made;
}

export function basePicture(
  panel: Panel,
  source: Pixels | null,
  size: PictureSize,
  { look, theme, scale }: Lying,
): BasePicture {
  const [width, height] = [Math.round(size.width * scale), Math.round(size.height * scale)];
  return {
    raster: scaledOnce(source, width, height, look, theme),
    box: patchBox(panel.box, width, height),
  };
}

export function useBasePicture(
  panel: Panel,
  source: Pixels | null,
  { width, height }: PictureSize,
  look: Look,
  theme: Theme,
): BasePicture {
  const scale = window.devicePixelRatio;
  return useMemo(
    () => basePicture(panel, source, { width, height }, { look, theme, scale }),
    [panel, source, width, height, look, theme, scale],
  );
}
