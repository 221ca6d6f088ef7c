import { expect, it } from "vitest";

import { thumbnailPart, type PictureSource } from "./head_pictures";

/** 3 queries on 128 keys in 64 pixels, two keys each; the sound is keys 20 to 40. */
function source(queries: number[]): PictureSource {
  const codes = Uint8Array.from({ length: 2 * 3 * 64 }, (_, at) => (at >= 192 ? at % 64 : 0));
  return {
    record: { layers: [{ queries: 3, keys: 128 }] },
    thumbnails: { layers: [{ heads: 2, height: 3, width: 64, offset: 0 }], codes },
    scene: { span: { start: 20, seconds: 1 }, frames: 20, queries },
  } as unknown as PictureSource;
}

it("a thumbnail is cut to the words and to the sound", () => {
  const part = thumbnailPart(source([1, 2]), 0, 1)!;
  expect([part.rows, part.columns]).toEqual([2, 10]);
  const codes = [...part.values.subarray(0, 10)].map((value) => Math.round(255 * Math.sqrt(value)));
  expect(codes).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});

it("there is none of a head without one, and before they are there", () => {
  expect(thumbnailPart(source([1]), 0, 2)).toBeNull();
  expect(thumbnailPart({ ...source([1]), thumbnails: null }, 0, 1)).toBeNull();
});
