/** Tokens of one side, and which are to be seen → groups of tokens that are shown as one: words, or a range of tokens. */

/** Groups follow each other without a gap, each of one token or more. */
export interface TokenGroups {
  /** Group i has the tokens [starts[i], starts[i + 1]). */
  readonly starts: Int32Array;
  readonly count: number;
  /** Tokens in all, shown or not. */
  readonly tokens: number;
}

/** One group a token. */
export function singleTokens(tokens: number): TokenGroups {
  return { starts: Int32Array.from({ length: tokens + 1 }, (_, at) => at), count: tokens, tokens };
}

/** Whole words that have a token in [first, end). */
export function groupsIn(
  wordStarts: Int32Array,
  tokens: number,
  [first, end]: readonly [number, number],
): TokenGroups {
  const ends = (word: number): number => wordStarts[word + 1] ?? tokens;
  const kept = [...wordStarts.keys()].filter(
    (word) => wordStarts[word]! < end && ends(word) > first,
  );
  if (kept.length === 0) return singleTokens(tokens);
  const starts = Int32Array.from([...kept.map((word) => wordStarts[word]!), ends(kept.at(-1)!)]);
  return { starts, count: kept.length, tokens };
}

export function isWhole({ count, tokens }: TokenGroups): boolean {
  return count === tokens;
}

/** The group of a token; null when it is outside. */
export function groupOf({ starts, count }: TokenGroups, token: number | null): number | null {
  if (token === null || token < starts[0]! || token >= starts[count]!) return null;
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= token) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The first token of a group. */
export function tokenOf({ starts }: TokenGroups, group: number | null): number | null {
  return group === null ? null : starts[group]!;
}
