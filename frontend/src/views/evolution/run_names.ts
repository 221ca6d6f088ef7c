/** Runs → their names in a sentence, without what all of them share. */

import { runPrefix } from "../../state";

const MOST = 12;

/** Names that differ at their end as often as at their start keep both. */
const LONGEST = 22;

export function shortRun(name: string): string {
  const own = name.slice(runPrefix.value.length);
  return own.length <= LONGEST ? own : `${own.slice(0, 7)}…${own.slice(8 - LONGEST)}`;
}

export function namesOf(runs: readonly { readonly name: string }[], most = MOST): string {
  const names = runs.slice(0, most).map(({ name }) => shortRun(name));
  const rest = runs.length - names.length;
  return names.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
