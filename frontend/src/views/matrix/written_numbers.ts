/** The cells of a matrix → the numbers that are written into them, in an ink that is read on each. */

import { inkOn, rgbOfPixel } from "../../draw/colour";
import type { Pyramid } from "../../draw/pyramid";
import { formatWeight } from "../../text/format_number";
import type { Cell } from "./viewport";

/** Smallest cell that has room for a number, and the smallest weight that is written. */
export const NUMBER_CELL = 22;
const SMALLEST_NUMBER = 0.1;
/** Of the codes, which are roots; no smaller one is √.10. */
const SMALLEST_CODE = 80;

export interface WrittenNumber extends Cell {
  readonly text: string;
  readonly ink: string;
}

export interface CellRange {
  readonly rows: readonly [from: number, to: number];
  readonly columns: readonly [from: number, to: number];
}

/** `colours`: of each code. */
export function* writtenNumbers(
  pyramid: Pyramid,
  colours: Uint32Array,
  weightOf: (row: number, column: number) => number,
  { rows, columns }: CellRange,
): Generator<WrittenNumber> {
  const { codes, columns: width } = pyramid[0]!;
  for (let row = rows[0]; row < rows[1]; row++)
    for (let column = columns[0]; column < columns[1]; column++) {
      const code = codes[row * width + column]!;
      if (code < SMALLEST_CODE) continue;
      const weight = weightOf(row, column);
      if (!(weight >= SMALLEST_NUMBER)) continue;
      yield { row, column, text: formatWeight(weight), ink: inkOn(rgbOfPixel(colours[code]!)) };
    }
}
