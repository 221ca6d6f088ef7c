/** Values of one head over steps → the step at which its largest lasting change begins, if it has one. */

/** A change counts from .15 of the scale on, and above 4 times the head's own step-to-step noise. */
export const SMALLEST_CHANGE = 0.15;
const NOISE_FACTOR = 4;
const SMALLEST_PART = 2;

/** Index of the first value after the change, or -1; NaN values are passed over; values on a scale of length 1. */
export function lastingChange(values: Float32Array, smallest = SMALLEST_CHANGE): number {
  const present = [...values.keys()].filter((at) => !Number.isNaN(values[at]!));
  const kept = present.map((at) => values[at]!);
  const split = bestSplit(kept);
  if (split === -1) return -1;
  const change = Math.abs(mean(kept.slice(split)) - mean(kept.slice(0, split)));
  const lasts = change >= smallest && change > NOISE_FACTOR * stepNoise(kept);
  return lasts ? present[split]! : -1;
}

/** Where two constants fit best: the split with the largest variance between its parts. */
function bestSplit(values: readonly number[]): number {
  const total = values.reduce((sum, value) => sum + value, 0);
  const count = values.length;
  let best = -1;
  let most = 0;
  let before = 0;
  for (let split = 1; split <= count - SMALLEST_PART; split++) {
    before += values[split - 1]!;
    if (split < SMALLEST_PART) continue;
    const gap = before / split - (total - before) / (count - split);
    const between = gap * gap * split * (count - split);
    if (between > most) [best, most] = [split, between];
  }
  return best;
}

function stepNoise(values: readonly number[]): number {
  const moves = values.slice(1).map((value, at) => Math.abs(value - values[at]!));
  moves.sort((a, b) => a - b);
  return moves[moves.length >> 1] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
