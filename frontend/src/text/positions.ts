/** Positions of tokens ⇄ runs of them, and ⇄ short text: "3,10-40" has both ends inside. */

export type Run = readonly [first: number, last: number];

export interface Marks {
  /** Between runs. */
  readonly comma: string;
  /** Between the ends of one. */
  readonly dash: string;
}

/** More than any text has. */
const MOST = 1 << 20;

/** Ascending positions → runs of neighbours. */
export function runsOf(positions: readonly number[]): Run[] {
  const runs: [number, number][] = [];
  for (const at of positions) {
    const last = runs.at(-1);
    if (last !== undefined && at === last[1] + 1) last[1] = at;
    else runs.push([at, at]);
  }
  return runs;
}

export function positionsOf(runs: readonly Run[]): number[] {
  return runs.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
}

export function formatPositions(positions: readonly number[], { comma, dash }: Marks): string {
  return runsOf(positions)
    .map(([first, last]) => (first === last ? String(first) : `${first}${dash}${last}`))
    .join(comma);
}

/** Ascending; undefined where the text is nothing such, or has more positions than any text. */
export function parsePositions(text: string, { comma, dash }: Marks): number[] | undefined {
  if (text === "") return [];
  const runs: Run[] = [];
  for (const part of text.split(comma)) {
    const ends = part.split(dash);
    if (ends.length > 2 || !ends.every((end) => /^\d{1,9}$/.test(end))) return undefined;
    const [first, last] = [Number(ends[0]), Number(ends.at(-1))];
    if (first > last) return undefined;
    runs.push([first, last]);
  }
  if (runs.reduce((sum, [first, last]) => sum + last - first + 1, 0) > MOST) return undefined;
  return [...new Set(positionsOf(runs))].sort((a, b) => a - b);
}
