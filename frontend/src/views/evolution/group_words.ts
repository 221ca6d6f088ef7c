/** Groups of runs → the words on what their lines and bands are. */

import { MOST_BANDS } from "../../draw/group_histories";

/** "6 runs a group: line = median, band = lowest to highest"; how many of the ticked ones they are. */
export function groupWords(counts: readonly number[], ticked: number): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const size = `${least === most ? most : `${least}–${most}`} ${most === 1 ? "run" : "runs"}`;
  const drawn = counts.reduce((sum, count) => sum + count, 0);
  const band = counts.length <= MOST_BANDS ? ", band = lowest to highest" : "";
  const part = drawn < ticked ? `${drawn} of ${ticked} ticked runs, ` : "";
  return `${part}${size}${counts.length > 1 ? " a group" : ""}: line = median${band}`;
}
