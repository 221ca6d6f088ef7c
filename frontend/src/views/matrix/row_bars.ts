/** Weights of one query → the bars of the panel: all keys of a short text, the strongest of a long one. */

import { strongestToken } from "../../parts/token_lines/focus_weights";

export interface RowBars {
  /** Keys in the order of their bars. */
  keys: readonly number[];
  /** Weight of a bar as long as the panel. */
  full: number;
  /** Not all keys have a bar. */
  isCut: boolean;
}

const rounds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/** `always` has a bar in any case; `drawn` says which keys count at all. */
export function rowBars(
  weights: Float32Array,
  drawn: readonly number[],
  most: number,
  always: number | null,
): RowBars {
  const top = strongestToken(weights);
  const strongest = top === null ? 0 : weights[top]!;
  const full = rounds.find((round) => strongest <= round) ?? 1;
  if (drawn.length <= most) return { keys: drawn, full, isCut: false };
  const byWeight = [...drawn].sort((a, b) => (weights[b]! || 0) - (weights[a]! || 0) || a - b);
  const keys = byWeight.slice(0, most);
  if (always !== null && drawn.includes(always) && !keys.includes(always)) keys[most - 1] = always;
  return { keys, full, isCut: true };
}
