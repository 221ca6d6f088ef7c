/** Runs → their names in a sentence, without what all of them share. */

import { runPrefix } from "../../state";

const MOST = 12;

export function namesOf(runs: readonly { readonly name: string }[], most = MOST): string {
  const names = runs.slice(0, most).map(({ name }) => name.slice(runPrefix.value.length));
  const rest = runs.length - names.length;
  return names.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
