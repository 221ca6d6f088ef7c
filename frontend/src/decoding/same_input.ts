/** The hashes of two probes → whether they are of one input, as far as both tell; the same as in Python. */

/** Of tokens, lengths and masks; of token ids (eight digits) and of what surrounds them, null where it was not logged. */
export type ProbeHashes = readonly [probe: string, input: string | null];

const HALF = 8;
const NOT_TOLD = "0".repeat(HALF);

export function isSameInput(one: ProbeHashes, other: ProbeHashes): boolean {
  if (one[0] !== other[0]) return false;
  if (one[1] === null || other[1] === null) return true;
  const [ids, otherIds] = [one[1].slice(0, HALF), other[1].slice(0, HALF)];
  const differ = ids !== otherIds && ids !== NOT_TOLD && otherIds !== NOT_TOLD;
  return !differ && one[1].slice(HALF) === other[1].slice(HALF);
}
