import { describe, expect, it } from "vitest";

import { columnsLayout, placeAt, spanOf } from "./columns_layout";

const sizes = [
  [992, 32, 192],
  [868, 32, 128],
  [992, 64, 192],
  [868, 128, 128],
  [1312, 64, 256],
] as const;

describe("columns", () => {
  it.each(sizes)(
    "in %i pixels give %i dimensions %i, whole pixels each",
    (width, count, wanted) => {
      const { query, key, product, sum, softmax } = columnsLayout(width, count);
      for (const each of [query, key, product]) expect(each.width).toBe(wanted);
      const spans = [query, key, product, sum, softmax];
      for (let i = 1; i < spans.length; i++)
        expect(spans[i]!.x).toBe(spans[i - 1]!.x + spans[i - 1]!.width + 16);
    },
  );

  it.each([320, 500, 868, 992, 1312, 2000])("fill %i pixels and no more", (width) => {
    const { tokens, picture, softmax, numbers, keyTokens } = columnsLayout(width, 64);
    expect(softmax.x + softmax.width).toBe(picture);
    if (width > 600) expect(tokens + 8 + picture + numbers + keyTokens).toBe(width);
  });

  it("of 256 dimensions share pixels in a narrow view", () => {
    expect(columnsLayout(868, 256).query.width).toBeGreaterThan(128);
    expect(columnsLayout(868, 256).query.width).toBeLessThan(256);
  });
});

describe("a point of a column", () => {
  it.each([8, 32, 64, 128, 256])("lies on the dimension whose span holds it, of %i", (count) => {
    const layout = columnsLayout(1312, count);
    for (const column of [layout.query, layout.key, layout.product])
      for (let place = 0; place < count; place++) {
        const { x, width } = spanOf(column, count, place);
        expect(placeAt(layout, count, x + width / 2)).toBe(place);
      }
  });

  it("between columns lies on none", () => {
    const layout = columnsLayout(992, 32);
    expect(placeAt(layout, 32, layout.query.width + 4)).toBeNull();
    expect(placeAt(layout, 32, layout.sum.x + 4)).toBeNull();
  });
});
