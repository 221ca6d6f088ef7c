/** One row of a long head → the keys with most weight, how much they hold together, and the text around them; pure. */

export interface TopKeys {
  /** By weight, the largest first. */
  readonly keys: readonly number[];
  /** Part of the row's weight that they hold, 0 to 1. */
  readonly coverage: number;
}

/** Tokens [first, end) that stand together. */
export type Snippet = readonly [first: number, end: number];

/** At most `most` keys that have at least half of what uniform attention would give them. */
export function topKeys(row: Float32Array, most: number): TopKeys {
  const least = 0.5 / row.length;
  const keys: number[] = [];
  let all = 0;
  row.forEach((weight, key) => {
    if (!(weight > 0)) return;
    all += weight;
    if (weight < least) return;
    const last = keys.at(-1);
    if (keys.length === most && weight <= row[last!]!) return;
    let at = keys.length;
    while (at > 0 && row[keys[at - 1]!]! < weight) at--;
    keys.splice(at, 0, key);
    if (keys.length > most) keys.pop();
  });
  const held = keys.reduce((sum, key) => sum + row[key]!, 0);
  return { keys, coverage: all > 0 ? held / all : 0 };
}

/** `around` tokens on either side of each key, in the order of the text; what touches is one snippet. */
export function snippets(keys: readonly number[], around: number, count: number): Snippet[] {
  const found: [number, number][] = [];
  for (const key of [...keys].sort((a, b) => a - b)) {
    const [first, end] = [Math.max(0, key - around), Math.min(count, key + around + 1)];
    const last = found.at(-1);
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([first, end]);
  }
  return found;
}
