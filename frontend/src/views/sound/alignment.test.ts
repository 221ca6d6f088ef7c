import { describe, expect, it } from "vitest";

import { meanOf, nearPath, sharpened, warped, type Alignment } from "./alignment";

/** Word w is spoken in frames [bounds[w], bounds[w + 1]). */
function spoken(bounds: readonly number[]): Alignment {
  const [rows, columns] = [bounds.length - 1, bounds.at(-1)!];
  const values = new Float32Array(rows * columns).fill(0.01);
  for (let row = 0; row < rows; row++)
    values.fill(0.3, row * columns + bounds[row]!, row * columns + bounds[row + 1]!);
  return { rows, columns, values };
}

describe("the path through words and frames", () => {
  it.each([[[0, 5, 8, 20]], [[0, 1, 2, 3]], [[0, 30, 60, 100]]])("has the times %j", (bounds) => {
    expect([...warped(spoken(bounds))]).toEqual(bounds);
  });

  it("is found through one frame of noise, of which the median leaves nothing", () => {
    const noisy = spoken([0, 20, 40, 60]);
    noisy.values[0 * 60 + 50] = 1;
    noisy.values[2 * 60 + 5] = 1;
    const starts = warped(sharpened(noisy));
    expect(
      Math.max(...[20, 40].map((bound, at) => Math.abs(starts[at + 1]! - bound))),
    ).toBeLessThan(4);
  });

  it("is not led astray by a silence in which one word has a little more of next to nothing", () => {
    const [columns, starts] = [100, [60, 70, 80]];
    const values = new Float32Array(3 * columns).fill(0.0001);
    values.fill(0.0003, columns, columns + 60);
    starts.forEach((start, row) =>
      values.fill(0.1, row * columns + start, row * columns + start + 10),
    );
    const found = warped(sharpened({ rows: 3, columns, values }));
    expect(Math.abs(found[1]! - 70)).toBeLessThan(4);
    expect(Math.abs(found[2]! - 80)).toBeLessThan(4);
  });

  it("has all of a head's weight near it, or little; a row that is spoken at no time does not count", () => {
    const near = spoken([0, 10, 20]);
    near.values.forEach((value, at) => (near.values[at] = value > 0.1 ? value : 0));
    const path = [[0, 10] as const, [10, 20] as const];
    const even = { ...near, values: new Float32Array(40).fill(0.05) };
    expect(nearPath(near, path, 0)).toBeCloseTo(1);
    expect(nearPath(even, path, 0)).toBeCloseTo(0.5);
    expect(nearPath(even, path, 4)).toBeCloseTo(0.7);
    expect(nearPath(even, [path[0]!, null], 2)).toBeCloseTo(0.6);
    expect(nearPath(even, [null, null], 2)).toBeNaN();
  });

  it("is that of the mean over heads", () => {
    const [a, b] = [spoken([0, 4, 8]), spoken([0, 6, 8])];
    expect(meanOf([a, b]).values[4]).toBeCloseTo((0.01 + 0.3) / 2);
  });
});
