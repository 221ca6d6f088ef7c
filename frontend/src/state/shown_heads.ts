/** The heads that are chosen and those that are loaded → the ones that are drawn. */

import { head, shownHeads } from "./selection";

interface LoadedHeads {
  readonly firstHead: number;
  readonly heads: number;
}

/** Those that are chosen and loaded; all that are loaded where none of the chosen is. */
export function drawnHeads({ firstHead, heads }: LoadedHeads): readonly number[] {
  const loaded = Array.from({ length: heads }, (_, i) => firstHead + i);
  const both = loaded.filter((each) => shownHeads.value?.has(each) ?? true);
  return both.length > 0 ? both : loaded;
}

/** The selected head, or the loaded one closest to it. */
export function drawnHead({ firstHead, heads }: LoadedHeads): number {
  return Math.min(firstHead + heads - 1, Math.max(firstHead, head.value));
}
