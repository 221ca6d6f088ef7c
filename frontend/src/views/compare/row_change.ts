/** One query's weights at A and at B → the key whose weight moved most, and what moved the other way. */

export interface KeyChange {
  readonly key: number;
  readonly before: number;
  readonly after: number;
  readonly change: number;
}

export interface RowChange {
  readonly most: KeyChange;
  /** Of the other sign, the largest first. */
  readonly others: readonly KeyChange[];
}

const MOST_OTHERS = 3;
/** A smaller change is a rounded zero. */
const LEAST = 0.005;

/** null where nothing moved. */
export function rowChange(before: Float32Array, after: Float32Array): RowChange | null {
  const changes = Array.from(after, (value, key) => {
    return { key, before: before[key]!, after: value, change: value - before[key]! };
  }).filter(({ change }) => Math.abs(change) >= LEAST);
  changes.sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
  const [most] = changes;
  if (most === undefined) return null;
  const others = changes.filter(({ change }) => change > 0 !== most.change > 0);
  return { most, others: others.slice(0, MOST_OTHERS) };
}
