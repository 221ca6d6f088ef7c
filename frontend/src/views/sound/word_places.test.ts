import { describe, expect, it } from "vitest";

import { placeWords, type WordBox } from "./word_places";

const boxes = (...pairs: [middle: number, width: number][]): WordBox[] =>
  pairs.map(([middle, width]) => ({ middle, width }));

describe("words over the sound", () => {
  it.each([
    ["far apart stand over their middles", boxes([50, 20], [150, 40]), [40, 130]],
    ["close together move apart by six pixels", boxes([100, 40], [110, 40]), [62, 108]],
    ["at the edges stay inside", boxes([2, 30], [298, 30]), [0, 270]],
    [
      "that would move by more than their width are dropped",
      boxes([100, 40], [100, 4]),
      [80, null],
    ],
  ])("%s", (_, words, expected) => {
    expect(placeWords(words, 300)).toEqual(expected);
  });

  it("never overlap, however many there are", () => {
    const many = Array.from({ length: 400 }, (_, at) => ({ middle: at * 2, width: 20 + (at % 7) }));
    const places = placeWords(many, 800);
    const kept = places.flatMap((left, at) => (left === null ? [] : [[left, many[at]!.width]]));
    expect(kept.length).toBeGreaterThan(15);
    for (let at = 1; at < kept.length; at++)
      expect(kept[at]![0]! - kept[at - 1]![0]! - kept[at - 1]![1]!).toBeGreaterThan(5.99);
    expect(kept.at(-1)![0]! + kept.at(-1)![1]!).toBeLessThanOrEqual(800.5);
  });
});
