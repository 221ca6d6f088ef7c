/** Pointed and pinned tokens → the query and the key whose weight is taken apart. */

import type { Axis, LayerAxes } from "../../parts/token_lines/axis";
import type { QueryNumbers } from "./query_numbers";

function isOn(axis: Axis, token: number | null): token is number {
  return token !== null && axis.rows[axis.rowOf[token] ?? -1]?.off === false;
}

/** The pointed one, else the pinned one, else the last that is not a special token: it sees most of the text. */
export function chosenQuery(
  axis: Axis,
  hovered: number | null,
  pinned: number | null,
): number | null {
  if (isOn(axis, hovered)) return hovered;
  if (isOn(axis, pinned)) return pinned;
  const on = axis.rows.filter(({ off }) => !off);
  return (on.findLast(({ special }) => !special) ?? on.at(-1))?.token ?? null;
}

/** The pointed one, else the pinned one, else the one with most weight; only what the query sees. */
export function chosenKey(
  axis: Axis,
  { seen, stored }: Pick<QueryNumbers, "seen" | "stored">,
  hovered: number | null,
  pinned: number | null,
): number | null {
  const can = (token: number | null): token is number => isOn(axis, token) && seen[token] === 1;
  if (can(hovered)) return hovered;
  if (can(pinned)) return pinned;
  let best: number | null = null;
  for (const { token } of axis.rows)
    if (can(token) && (best === null || stored[token]! > stored[best]!)) best = token;
  return best;
}

/** Keys that the query cannot see have no row of their own, but keep their place. */
export function withoutUnseen(axes: LayerAxes, seen: Uint8Array): Axis {
  if (!seen.includes(0)) return axes.key;
  const rows = axes.key.rows.map((row) =>
    seen[row.token] === 1 ? row : { ...row, off: true, unseen: true },
  );
  return { ...axes.key, rows };
}
