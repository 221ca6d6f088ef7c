/** A metrics answer with evolution → hints at what may be wrong, and the limits that were used. */

import type { Answer } from "./unpack";

/** One thing to look at; the server finds them, errors and early steps first. */
export interface Hint {
  readonly kind: string;
  readonly step: number;
  readonly last_step: number;
  readonly layer: number;
  readonly heads: readonly number[];
  readonly value: number | null;
  readonly message: string;
  /** "error": cannot be right; "hint": may be. */
  readonly severity: "error" | "hint";
}

export type Limits = Readonly<Record<string, number>>;

export interface Health {
  readonly hints: readonly Hint[];
  /** Every limit that was used. */
  readonly limits: Limits;
}

export function decodeHealth({ fields }: Answer): Health {
  return {
    hints: (fields["hints"] ?? []) as Hint[],
    limits: (fields["thresholds"] ?? {}) as Limits,
  };
}
