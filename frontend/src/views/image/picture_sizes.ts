/** The room of the image mode and how many heads are drawn → sizes of the large picture and of the tiles beside it. */

import type { Panel } from "../../decoding/panels";
import type { Size } from "../../parts/measured";
import { pictureSize, type PictureSize } from "../../parts/picture_map/base_picture";

export interface PictureSizes {
  readonly large: PictureSize;
  readonly tile: PictureSize;
  /** Of tiles. */
  readonly columns: number;
  /** Right of the tiles, for where the weight goes; 0: too little. */
  readonly left: number;
}

export const GAP = 8;
/** Between the large picture, the tiles and what stands right of them. */
const PART_GAP = 24;
/** Of a tile. */
const LEAST = 96;
/** Of the large picture at least. */
const LOWEST = 168;
/** What stands around it: names, captions, the strip of frames and the loss, whose plot is low in a low view. */
const AROUND = 342;
/** A third line of the scale's words. */
const [NARROW, THIRD_LINE] = [960, 16];
const LOW_VIEW = 640;
const PLOT = { high: 100, low: 64 } as const;
const STRIDE = 8;
const NAME = 22;
/** Of the room's width, for the large picture. */
const LARGE_SHARE = 0.5;
const ROOM_FOR_SHARES = 200;
const MOST_SHARES = 340;

export interface ImageRoom extends Size {
  /** Height of the lines of words over the pictures. */
  readonly words: number;
}

/** Height of the loss's plot under the strip. */
export function plotIn(height: number): number {
  return height < LOW_VIEW ? PLOT.low : PLOT.high;
}

/** All pictures together are as large as they can be; tiles end where the large picture and its words do. */
export function sizesIn(
  { width, height, words }: ImageRoom,
  panel: Panel,
  tiles: number,
): PictureSizes {
  const around = AROUND - PLOT.high + plotIn(height) + words + (width < NARROW ? THIRD_LINE : 0);
  const highest = Math.max(LOWEST, height - around);
  let best: PictureSizes | null = null;
  for (let high = highest; high >= LOWEST; high -= STRIDE)
    for (let columns = 1; columns <= tiles; columns++) {
      const found = sizesOf({ width, high }, panel, { tiles, columns });
      if (found === null) continue;
      if (best === null || area(found, tiles) > area(best, tiles)) best = found;
    }
  return best ?? smallest(width, highest, panel, tiles);
}

/** Tiles count twice: each is a map, the large one is there to choose on. */
const area = ({ large, tile }: PictureSizes, tiles: number): number =>
  large.width * large.height + 2 * tiles * tile.width * tile.height;

/** null: tiles in so many columns would be too small. */
function sizesOf(
  { width, high }: { readonly width: number; readonly high: number },
  panel: Panel,
  { tiles, columns }: { readonly tiles: number; readonly columns: number },
): PictureSizes | null {
  const large = pictureSize(panel, Math.max(160, LARGE_SHARE * width), high);
  const room = width - large.width - PART_GAP;
  const across = Math.floor((room + GAP) / columns) - GAP;
  if (across < LEAST) return null;
  const rows = Math.ceil(tiles / columns);
  const down = Math.floor((large.height + 2 * NAME) / rows) - NAME - GAP;
  const tile = pictureSize(panel, across, Math.min(large.height, down));
  if (tile.width < LEAST - panel.cols) return null;
  return { large, tile, columns, left: leftOf(room, columns, tile) };
}

function leftOf(room: number, columns: number, tile: PictureSize): number {
  const left = room - columns * (tile.width + GAP) + GAP - PART_GAP;
  return left < ROOM_FOR_SHARES ? 0 : Math.min(MOST_SHARES, left);
}

/** Of many heads: they go on below. */
function smallest(width: number, high: number, panel: Panel, tiles: number): PictureSizes {
  const large = pictureSize(panel, Math.max(160, Math.min(352, LARGE_SHARE * width)), high);
  const tile = pictureSize(panel, LEAST);
  const columns = Math.floor((width - large.width - PART_GAP + GAP) / (tile.width + GAP));
  return { large, tile, columns: Math.max(1, Math.min(tiles, columns)), left: 0 };
}
