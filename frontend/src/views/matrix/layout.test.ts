import { describe, expect, test } from "vitest";
import { LABEL_PITCH, labelled, matrixLayout } from "./layout";

describe("the layout of the matrix", () => {
  test("14 tokens get cells of 32 pixels in a wide view and of 30 in a narrow one", () => {
    expect(matrixLayout({ width: 992, height: 600 }, 14, 14).sheet.cellWidth).toBe(32);
    expect(matrixLayout({ width: 868, height: 600 }, 14, 14).sheet.cellWidth).toBe(30);
    expect(matrixLayout({ width: 584, height: 600 }, 16, 16, false)).toMatchObject({
      panel: 0,
      sheet: { cellWidth: 29 },
    });
  });

  test.each([128, 512, 4096, 10_000])("%i tokens fit whole into the view", (count) => {
    const { sheet, panel } = matrixLayout({ width: 1312, height: 620 }, count, count);
    expect(sheet.cellWidth).toBe(sheet.cellHeight);
    expect(sheet.cellWidth * count).toBeLessThanOrEqual(1312 - panel);
    expect(sheet.cellHeight * count).toBeLessThanOrEqual(620 - 100);
    expect(sheet.cellHeight * count).toBeGreaterThan(350);
  });

  test("few queries on very many keys keep rows that can be seen", () => {
    const { sheet } = matrixLayout({ width: 1312, height: 620 }, 12, 4096);
    expect(sheet.cellHeight).toBeGreaterThanOrEqual(30);
    expect(sheet.cellWidth * 4096).toBeLessThanOrEqual(900);
  });
});

describe("names along an axis", () => {
  const axis = { start: 0, pitch: 32, length: 448, count: 14 };

  test("are all there where they fit", () => {
    expect(labelled(axis, [])).toHaveLength(14);
  });

  test("keep their distance in a long text, at round positions", () => {
    const labels = labelled({ start: 0, pitch: 0.12, length: 490, count: 4096 }, []);
    expect(labels.slice(0, 3)).toEqual([0, 200, 400]);
    expect(labels.at(-1)).toBe(4000);
  });

  test("make room for the pointed token", () => {
    const labels = labelled({ start: 0, pitch: 0.12, length: 490, count: 4096 }, [450]);
    expect(labels.slice(0, 4)).toEqual([0, 200, 450, 600]);
    for (let at = 1; at < labels.length; at++)
      expect((labels[at]! - labels[at - 1]!) * 0.12).toBeGreaterThanOrEqual(LABEL_PITCH);
  });

  test("stand only where their token is in view", () => {
    expect(labelled({ start: 9.9, pitch: 20, length: 80, count: 40 }, [3, 12])).toEqual([
      10, 11, 12, 13,
    ]);
  });
});
