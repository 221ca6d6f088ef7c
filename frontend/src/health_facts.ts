/** A metrics answer with evolution → hints at what may be wrong, and the limits that were used. */

import type { Health, Hint, Limits } from "./health_state";
import type { Answer } from "./unpack";

export function decodeHealth({ fields }: Answer): Health {
  return {
    hints: (fields["hints"] ?? []) as Hint[],
    limits: (fields["thresholds"] ?? {}) as Limits,
  };
}
