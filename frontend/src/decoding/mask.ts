/** A layer's kind of mask → the keys that it leaves to a query. */

interface Masked {
  readonly mask: string;
  readonly queries: number;
  readonly keys: number;
}

type Range = readonly [first: number, end: number];

/** Keys [first, end) by query; null where the mask is none of the kinds that say it. */
export function maskRange({ mask, queries, keys }: Masked): ((query: number) => Range) | null {
  if (mask === "full") return () => [0, keys];
  const endOf = (query: number): number => Math.min(keys, Math.max(0, query + 1 + keys - queries));
  if (mask === "causal") return (query) => [0, endOf(query)];
  const window = /^window (\d+)$/.exec(mask);
  if (window === null) return null;
  return (query) => [Math.max(0, endOf(query) - Number(window[1])), endOf(query)];
}

/** How many keys a query may attend to; null where the mask does not say. */
export function keyCount(of: Masked, query: number): number | null {
  const range = maskRange(of)?.(query);
  return range === undefined ? null : range[1] - range[0];
}
