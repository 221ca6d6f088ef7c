import { expect, it } from "vitest";

import type { Panel } from "../../decoding/panels";
import { sizesIn } from "./picture_sizes";

const NAMED = 30;

it.each([
  ["three heads and their mean at 1920 px", { width: 1616, height: 868 }, 4, 8, 6],
  ["four heads and their mean at 1600 px", { width: 1296, height: 684 }, 5, 8, 6],
  ["three heads and their mean in a wide window", { width: 2272, height: 1220 }, 4, 8, 6],
  ["the same in a small one", { width: 976, height: 560 }, 4, 8, 6],
  ["twelve heads over a square picture", { width: 1312, height: 660 }, 13, 14, 14],
  ["one head", { width: 1312, height: 660 }, 1, 14, 14],
  ["64 heads", { width: 1312, height: 660 }, 65, 14, 14],
])("%s: tiles stand in their room, and no larger ones would", (_, room, tiles, cols, rows) => {
  const panel = { rows, cols, aspect: cols / rows, box: [0, 0, 1, 1] } as unknown as Panel;
  const { large, tile, columns, left } = sizesIn({ ...room, words: 30 }, panel, tiles);
  const width = columns * (tile.width + 8) - 8 + (left > 0 ? left + 24 : 0);
  const height = Math.ceil(tiles / columns) * (tile.height + NAMED);
  expect(large.width + 24 + width).toBeLessThanOrEqual(room.width);
  if (tiles < 60) expect(height).toBeLessThanOrEqual(large.height + 44);
  const isFilled = height > 0.75 * large.height || width > 0.75 * (room.width - large.width);
  expect(isFilled).toBe(true);
  // Nothing at the right stays empty: tiles, or where the weight goes, end near it.
  if (tiles > 1) expect(large.width + 24 + width).toBeGreaterThan(0.82 * room.width);
  expect(tile.width).toBeGreaterThanOrEqual(tiles < 60 ? 120 : 84);
});
