/** Tokens as a tokenizer writes them → which of them are pieces of one word. */

/** Position of the token each word begins with, in order. */
export type WordStarts = Int32Array;

const byteFallback = /^<0x[0-9A-Fa-f]{2}>$/;

/** By the tokenizer's own word numbers; a token without one stands alone. */
function continuesNumber(words: readonly (number | null)[], at: number): boolean {
  return words[at] !== null && words[at] === words[at - 1];
}

/** Letters or digits, so that punctuation is no part of a word; every character of byte-level BPE beyond ASCII is one. */
const isWordLike = (token: string): boolean => /[\p{L}\p{N}]|[^\x20-\x7e]/u.test(token);

type Continues = (token: string, before: string) => boolean;

/** How this tokenizer marks words; null: it does not, so that every token is a word. */
function continuation(tokens: readonly string[]): Continues | null {
  const has = (pattern: RegExp): boolean => tokens.some((token) => pattern.test(token));
  if (has(/^##./)) return (token) => /^##./.test(token);
  if (has(/<\/w>$/)) return (_, before) => !before.endsWith("</w>");
  if (has(/^[ĠĊ]/))
    return (token, before) => !/^[ĠĊ]/.test(token) && isWordLike(token) && isWordLike(before);
  if (has(/^▁/))
    return (token, before) =>
      (byteFallback.test(token) && byteFallback.test(before)) ||
      (!/^▁/.test(token) && isWordLike(token) && isWordLike(before) && !byteFallback.test(token));
  return null;
}

/** Word numbers where the record has them, else the tokenizer's markers; special tokens stand alone. */
export function wordStarts(
  tokens: readonly string[],
  words: readonly (number | null)[] | undefined,
  special: ReadonlySet<number>,
): WordStarts {
  const continues = words === undefined ? continuation(tokens) : null;
  return Int32Array.from(
    [...tokens.keys()].filter((at) => {
      if (at === 0 || special.has(at) || special.has(at - 1)) return true;
      if (words !== undefined) return !continuesNumber(words, at);
      return !(continues?.(tokens[at]!, tokens[at - 1]!) ?? false);
    }),
  );
}

/** The pieces of one word as one token of the same tokenizer. */
export function joinPieces(pieces: readonly string[]): string {
  return pieces.map((piece, i) => (i > 0 ? piece.replace(/^##(?=.)/, "") : piece)).join("");
}
