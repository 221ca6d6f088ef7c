/** Values over steps → where their largest lasting change begins, if they have one. */

/** A change counts from .15 on, and above 4 times the values' own step-to-step noise. */
const SMALLEST = 0.15;
const NOISE_FACTOR = 4;
const SMALLEST_PART = 2;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Where two constants fit best. */
function bestSplit(values: readonly number[]): number {
  let best = -1;
  let most = 0;
  for (let split = SMALLEST_PART; split <= values.length - SMALLEST_PART; split++) {
    const gap = mean(values.slice(0, split)) - mean(values.slice(split));
    const between = gap * gap * split * (values.length - split);
    if (between > most) [best, most] = [split, between];
  }
  return best;
}

function stepNoise(values: readonly number[]): number {
  const moves = values.slice(1).map((value, at) => Math.abs(value - values[at]!));
  return moves.sort((a, b) => a - b)[moves.length >> 1] ?? 0;
}

/** Index of the first value after the change, or −1; values that are NaN are passed over. */
export function lastingChangeAt(values: Float32Array): number {
  const present = [...values.keys()].filter((at) => !Number.isNaN(values[at]!));
  const kept = present.map((at) => values[at]!);
  const split = bestSplit(kept);
  if (split === -1) return -1;
  const change = Math.abs(mean(kept.slice(split)) - mean(kept.slice(0, split)));
  return change >= SMALLEST && change > NOISE_FACTOR * stepNoise(kept) ? present[split]! : -1;
}
