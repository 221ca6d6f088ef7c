/** A sentence filter → its name: All, A→B, … */

import type { SentenceFilter } from "../../state";

export function filterName(filter: SentenceFilter): string {
  return filter === "all" ? "All" : `${filter[0]!.toUpperCase()}→${filter[1]!.toUpperCase()}`;
}
