/** Roles of every head → of each layer the share of each role, for the bars beside the map of many heads. */

import { roundUp } from "../../draw/round_up";

export interface LayerShare {
  readonly role: string;
  readonly heads: number;
  /** Of the layer's heads, 0..1. */
  readonly share: number;
}

/** In the order of `roles`; a role that no head has is left out. */
export function layerShares(
  heads: number,
  roles: readonly string[],
  roleOf: (head: number) => string,
): LayerShare[] {
  const counts = new Map<string, number>();
  for (let head = 0; head < heads; head++) {
    const role = roleOf(head);
    counts.set(role, (counts.get(role) ?? 0) + 1);
  }
  return roles.flatMap((role) => {
    const count = counts.get(role) ?? 0;
    return count === 0 ? [] : [{ role, heads: count, share: count / heads }];
  });
}

/** Where the longest bar ends: a round share that is as large as the largest sum. */
export function sharesEnd(layers: readonly (readonly LayerShare[])[]): number {
  const sums = layers.map((of) => of.reduce((sum, { share }) => sum + share, 0));
  return Math.min(1, roundUp(Math.max(0.05, ...sums)));
}
