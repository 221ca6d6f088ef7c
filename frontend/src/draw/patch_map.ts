/** A grid of weights and a picture → pixels: the picture below, dimmed, and the weights over it as ink. */

import {
  backgroundColour,
  pixelOf,
  sequentialTable,
  themePixel,
  divergingTable,
  type Rgb,
  type Theme,
} from "./colour";
import { makeRaster, mixPixels, type Box, type Raster } from "./raster";

/** Multiples of uniform at which the colours end. */
export const MAP_END = 9;
export const SOUND_END = 36;

export interface PatchMap {
  readonly rows: number;
  readonly cols: number;
  /** Row by row: 0 to 1 along the colours; −1 to 1 where they part at 0; NaN is not drawn. */
  readonly strength: Float32Array;
  readonly isSigned?: boolean;
  /** Patches with a line around them; null: none. */
  readonly outlined?: Uint8Array | null;
}

export interface MapStyle {
  readonly theme: Theme;
  readonly opacity: number;
  readonly isSmooth: boolean;
}

/** √ of a multiple of uniform, 1 from `end` on. */
export function strengthOf(times: number, end = MAP_END): number {
  return Math.min(1, Math.sqrt(times / end));
}

/** From this strength on, four times uniform, the ink hides the picture; below, the picture shows through. */
const FULL_FROM = 2 / 3;

export type Look = "dimmed" | "full" | "off";

const DIM: Readonly<Record<Theme, number>> = { light: 0.55, dark: 0.6 };

/** A picture in another size: grey and faint, as it is, or the background alone. */
export function scaledPicture(
  source: Raster | null,
  width: number,
  height: number,
  look: Look,
  theme: Theme,
): Raster {
  const raster = makeRaster(width, height);
  const paper = backgroundColour(theme);
  if (source === null || look === "off") {
    raster.pixels.fill(sequentialTable(theme)[0]!);
    return raster;
  }
  const across = spans(source.width, width);
  const down = spans(source.height, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const mean = meanOf(source, across[x]!, across[x + 1]!, down[y]!, down[y + 1]!);
      raster.pixels[y * width + x] = pixelOf(
        look === "full" ? mean : dimmed(mean, paper, DIM[theme]),
      );
    }
  return raster;
}

function dimmed([red, green, blue]: Rgb, paper: Rgb, share: number): Rgb {
  const grey = 0.3 * red + 0.59 * green + 0.11 * blue;
  return paper.map((each) => each + (grey - each) * share) as unknown as Rgb;
}

/** Edges of the sources of each target. */
function spans(sources: number, targets: number): Float64Array {
  return Float64Array.from({ length: targets + 1 }, (_, at) => (at * sources) / targets);
}

function meanOf(
  { width, height, pixels }: Raster,
  x0: number,
  x1: number,
  y0: number,
  y1: number,
): Rgb {
  let [red, green, blue, count] = [0, 0, 0, 0];
  const right = Math.min(width, Math.max(Math.floor(x0) + 1, Math.floor(x1)));
  const bottom = Math.min(height, Math.max(Math.floor(y0) + 1, Math.floor(y1)));
  for (let y = Math.floor(y0); y < bottom; y++)
    for (let x = Math.floor(x0); x < right; x++) {
      const pixel = pixels[y * width + x]!;
      red += pixel & 255;
      green += (pixel >> 8) & 255;
      blue += (pixel >> 16) & 255;
      count++;
    }
  return [red / count, green / count, blue / count];
}

/** Where the patches of a box of the picture begin and end, in pixels. */
export function patchEdges(start: number, length: number, count: number): Int32Array {
  const edges = new Int32Array(count + 1);
  for (let at = 0; at <= count; at++) edges[at] = Math.round(start + (at * length) / count);
  return edges;
}

/** How much each strength hides: by 255 + 255 · strength for signed maps, by 255 · strength for others. */
function alphasOf(isSigned: boolean, opacity: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: isSigned ? 511 : 256 }, (_, code) => {
    const strength = (isSigned ? Math.abs(code - 255) : code) / 255;
    return opacity * Math.min(1, strength / FULL_FROM);
  });
}

/** Of the opacity that was asked for last: all maps of a picture have one. */
let kept = { opacity: NaN, signed: new Float32Array(), others: new Float32Array() };

function inkOf({ isSigned = false }: PatchMap, { theme, opacity }: MapStyle) {
  if (opacity !== kept.opacity)
    kept = { opacity, signed: alphasOf(true, opacity), others: alphasOf(false, opacity) };
  return isSigned
    ? {
        colours: divergingTable(theme),
        alphas: kept.signed,
        codeOf: (strength: number): number => Math.round(255 + 255 * strength),
      }
    : {
        colours: sequentialTable(theme),
        alphas: kept.others,
        codeOf: (strength: number): number => Math.round(255 * strength),
      };
}

/** Lays the map over what the raster shows; `box` is where the patches lie, in pixels. */
export function drawPatchMap(raster: Raster, box: Box, map: PatchMap, style: MapStyle): void {
  if (style.isSmooth) drawSmooth(raster, box, map, style);
  else drawNearest(raster, box, map, style);
  if (map.outlined) drawOutline(raster, box, map, style.theme);
}

function drawNearest(raster: Raster, box: Box, map: PatchMap, style: MapStyle): void {
  const { colours, alphas, codeOf } = inkOf(map, style);
  const across = patchEdges(box.x, box.width, map.cols);
  const down = patchEdges(box.y, box.height, map.rows);
  for (let row = 0; row < map.rows; row++)
    for (let col = 0; col < map.cols; col++) {
      const strength = map.strength[row * map.cols + col]!;
      if (Number.isNaN(strength)) continue;
      const code = codeOf(strength);
      const alpha = alphas[code]!;
      if (alpha === 0) continue;
      const colour = colours[code]!;
      blendBox(
        raster,
        [across[col]!, across[col + 1]!],
        [down[row]!, down[row + 1]!],
        colour,
        alpha,
      );
    }
}

type Pair = readonly [first: number, end: number];

function blendBox(raster: Raster, across: Pair, down: Pair, colour: number, alpha: number): void {
  const { width, height, pixels } = raster;
  const [left, right] = [Math.max(0, across[0]), Math.min(width, across[1])];
  const bottom = Math.min(height, down[1]);
  const share = Math.round(256 * alpha);
  const rest = 256 - share;
  const [red, green, blue] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  for (let y = Math.max(0, down[0]); y < bottom; y++) {
    const end = y * width + right;
    for (let at = y * width + left; at < end; at++) {
      const under = pixels[at]!;
      pixels[at] =
        0xff000000 |
        (((((under >> 16) & 255) * rest + blue * share) >> 8) << 16) |
        (((((under >> 8) & 255) * rest + green * share) >> 8) << 8) |
        (((under & 255) * rest + red * share) >> 8);
    }
  }
}

/** Between the centres of patches, linear both ways. */
function drawSmooth(raster: Raster, box: Box, map: PatchMap, style: MapStyle): void {
  const { colours, alphas, codeOf } = inkOf(map, style);
  const { rows, cols, strength } = map;
  const across = mixes(box.width, cols);
  const down = mixes(box.height, rows);
  for (let y = 0; y < box.height; y++)
    for (let x = 0; x < box.width; x++) {
      const [left, right, toRight] = across[x]!;
      const [above, below, toBelow] = down[y]!;
      const upper = mixed(strength[above * cols + left]!, strength[above * cols + right]!, toRight);
      const lower = mixed(strength[below * cols + left]!, strength[below * cols + right]!, toRight);
      const value = mixed(upper, lower, toBelow);
      if (Number.isNaN(value)) continue;
      const code = codeOf(value);
      const [px, py] = [box.x + x, box.y + y];
      if (px < 0 || py < 0 || px >= raster.width || py >= raster.height) continue;
      const at = py * raster.width + px;
      raster.pixels[at] = mixPixels(raster.pixels[at]!, colours[code]!, alphas[code]!);
    }
}

const mixed = (a: number, b: number, share: number): number => a + (b - a) * share;

/** Of each pixel the two patches whose centres it lies between, and how far from the first. */
function mixes(length: number, count: number): (readonly [number, number, number])[] {
  return Array.from({ length }, (_, at) => {
    const place = Math.max(0, Math.min(count - 1, ((at + 0.5) * count) / length - 0.5));
    const before = Math.floor(place);
    return [before, Math.min(count - 1, before + 1), place - before] as const;
  });
}

/** A line where a patch of the set and one outside it meet. */
function drawOutline(raster: Raster, box: Box, map: PatchMap, theme: Theme): void {
  const { rows, cols } = map;
  const inside = (row: number, col: number): boolean =>
    row >= 0 && col >= 0 && row < rows && col < cols && map.outlined![row * cols + col] === 1;
  const across = patchEdges(box.x, box.width, cols);
  const down = patchEdges(box.y, box.height, rows);
  const ink = themePixel("text", theme);
  const thick = box.width / cols >= 6 ? Math.max(1, Math.round(box.width / cols / 12)) : 1;
  const fill = (x: Pair, y: Pair): void => blendBox(raster, x, y, ink, 1);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) {
      if (!inside(row, col)) continue;
      const [left, right, top, bottom] = [
        across[col]!,
        across[col + 1]!,
        down[row]!,
        down[row + 1]!,
      ];
      if (!inside(row - 1, col)) fill([left, right], [top, top + thick]);
      if (!inside(row + 1, col)) fill([left, right], [bottom - thick, bottom]);
      if (!inside(row, col - 1)) fill([left, left + thick], [top, bottom]);
      if (!inside(row, col + 1)) fill([right - thick, right], [top, bottom]);
    }
}

/** The smallest set of patches that holds the share of the weight on all of them. */
export function topPatches(weights: Float32Array, share: number): Uint8Array {
  const rising = weights.filter((weight) => weight > 0).sort();
  const wanted = share * rising.reduce((sum, weight) => sum + weight, 0);
  let [held, count] = [0, 0];
  while (held < wanted && count < rising.length) held += rising.at(-++count)!;
  const inside = new Uint8Array(weights.length);
  if (count === 0) return inside;
  const least = rising.at(-count)!;
  let equal = count;
  for (const weight of weights) if (weight > least) equal--;
  weights.forEach((weight, at) => {
    if (weight > least || (weight === least && equal-- > 0)) inside[at] = 1;
  });
  return inside;
}

/** Where the patches lie on a picture of so many pixels. */
export function patchBox(
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  width: number,
  height: number,
): Box {
  const [x, y] = [Math.round(x0 * width), Math.round(y0 * height)];
  return { x, y, width: Math.round(x1 * width) - x, height: Math.round(y1 * height) - y };
}
