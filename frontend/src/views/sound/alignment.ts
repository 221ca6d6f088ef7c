/** Cross-attention of words to frames → the path through it, and when each word is spoken. */

/** [word, frame] of one head, or of a mean. */
export interface Alignment {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

const WIDTH = 7;
/** Of a head's mean weight: differences below say nothing. */
const SILENT = 0.1;

/**
 * Each frame's values over the words to mean 0 and deviation 1, then the median over 7 frames, as Whisper does; but a deviation
 * counts for no less than a tenth of the mean weight, else the noise of a long silence decides where words are.
 */
export function sharpened({ rows, columns, values }: Alignment): Alignment {
  const least = (SILENT * values.reduce((sum, value) => sum + value, 0)) / values.length;
  const scored = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const value = values[row * columns + column]!;
      sum += value;
      squares += value * value;
    }
    const mean = sum / rows;
    const deviation = Math.sqrt(Math.max(0, squares / rows - mean * mean)) + least || 1;
    for (let row = 0; row < rows; row++) {
      const at = row * columns + column;
      scored[at] = (values[at]! - mean) / deviation;
    }
  }
  return { rows, columns, values: medians(scored, rows, columns) };
}

function medians(values: Float32Array, rows: number, columns: number): Float32Array {
  const found = new Float32Array(values.length);
  const around = new Float32Array(WIDTH);
  const half = WIDTH >> 1;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      for (let by = -half; by <= half; by++) {
        const mirrored = Math.abs(column + by);
        const at = mirrored < columns ? mirrored : 2 * (columns - 1) - mirrored;
        around[by + half] = values[row * columns + Math.max(0, at)]!;
      }
      found[row * columns + column] = around.slice().sort()[half]!;
    }
  return found;
}

export function meanOf(all: readonly Alignment[]): Alignment {
  const [{ rows, columns }] = all as [Alignment];
  const values = new Float32Array(rows * columns);
  for (const each of all) each.values.forEach((value, at) => (values[at]! += value / all.length));
  return { rows, columns, values };
}

/** The first frame of each word on the path of most weight from first word and frame to the last, and the end: dynamic time warping (Sakoe & Chiba 1978). */
export function warped({ rows, columns, values }: Alignment): Int32Array {
  const cost = new Float64Array((rows + 1) * (columns + 1)).fill(Infinity);
  const from = new Uint8Array(cost.length);
  const width = columns + 1;
  cost[0] = 0;
  for (let row = 1; row <= rows; row++)
    for (let column = 1; column <= columns; column++) {
      const at = row * width + column;
      const [both, up, left] = [cost[at - width - 1]!, cost[at - width]!, cost[at - 1]!];
      const least = Math.min(both, up, left);
      from[at] = least === both ? 0 : least === up ? 1 : 2;
      cost[at] = least - values[(row - 1) * columns + column - 1]!;
    }
  const starts = new Int32Array(rows + 1);
  starts[rows] = columns;
  for (let [row, column] = [rows, columns]; row > 0 && column > 0;) {
    starts[row - 1] = column - 1;
    const way = from[row * width + column]!;
    if (way !== 2) row--;
    if (way !== 1) column--;
  }
  return starts;
}

/** Share of the weight of the words on the path that lies within so many frames of it; NaN where they have none. */
export function nearPath(
  { columns, values }: Alignment,
  path: readonly (readonly [first: number, end: number] | null)[],
  frames: number,
): number {
  let [near, all] = [0, 0];
  path.forEach((stretch, row) => {
    if (stretch === null) return;
    const [first, end] = stretch;
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column]!;
      all += value;
      if (column >= first - frames && column < end + frames) near += value;
    }
  });
  return all > 0 ? near / all : NaN;
}
