/** Values over steps → their largest lasting change: when, from what, to what, and whether it stands out. */

/** In parts of the scale, and in multiples of the values' own noise. */
const SMALLEST = 0.15;
const FACTOR = 4;
/** Steps, where there are at least five times as many. */
const SHORTEST_PART = 3;
/** Standard deviations in a median difference between neighbours. */
const OF_MEDIAN = 1.4826 / Math.sqrt(2);
/** Less than this between the parts is rounding. */
const NOTHING = 1e-9;

interface Change {
  /** Of the first value after it. */
  readonly index: number;
  /** Medians of the parts. */
  readonly before: number;
  readonly after: number;
  /** Standard deviation of a step, from the median difference between neighbours. */
  readonly noise: number;
}

/** Length of the first of the two parts whose means differ most for their lengths; 0 where none do. */
function bestSplit(values: readonly number[]): number {
  const count = values.length;
  const shortest = Math.min(SHORTEST_PART, Math.max(1, Math.floor(count / 5)));
  const total = values.reduce((sum, value) => sum + value, 0);
  let [best, most, sum] = [0, NOTHING, 0];
  for (let length = 1; length < count; length++) {
    sum += values[length - 1]!;
    const rest = count - length;
    const gap = sum * rest - (total - sum) * length;
    const gain = gap ** 2 / (length * rest);
    if (Math.min(length, rest) >= shortest && gain > most) [best, most] = [length, gain];
  }
  return best;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const pair = sorted.length % 2 === 1 ? sorted[middle]! : sorted[middle - 1]! + sorted[middle]!;
  return Math.fround(sorted.length % 2 === 1 ? pair : Math.fround(pair) / 2);
}

/** null where the values are too few, or all alike; what is no number is passed over. */
export function findChange(values: Float32Array): Change | null {
  const present = [...values.keys()].filter((at) => Number.isFinite(values[at]));
  const known = present.map((at) => values[at]!);
  const split = bestSplit(known);
  if (split === 0) return null;
  const moves = known.slice(1).map((value, at) => Math.fround(Math.abs(value - known[at]!)));
  return {
    index: present[split]!,
    before: median(known.slice(0, split)),
    after: median(known.slice(split)),
    noise: Math.fround(OF_MEDIAN * median(moves)),
  };
}

/** Large enough, and well above its own noise; both in parts of the scale, in the server's precision. */
export function standsOut(
  size: number,
  noise: number,
  { smallest = SMALLEST, factor = FACTOR } = {},
): boolean {
  const large = Math.abs(size);
  return large >= Math.fround(smallest) && large > Math.fround(factor * noise);
}

/** Index of the first value after the change, or −1 where none stands out; values between 0 and 1. */
export function markedAt(values: Float32Array, smallest = SMALLEST): number {
  const found = findChange(values);
  if (found === null) return -1;
  const size = Math.fround(found.after - found.before);
  return standsOut(size, found.noise, { smallest }) ? found.index : -1;
}
