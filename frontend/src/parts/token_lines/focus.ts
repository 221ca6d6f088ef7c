/** Pinned and pointed tokens → the one token whose lines and weights are shown. */

export interface Focus {
  side: "query" | "key";
  token: number;
}

export interface Positions {
  query: number | null;
  key: number | null;
}

/** The side that is set, the query before the key; null for none, and for a token the list lacks. */
export function focusOf(positions: Positions, queries: number, keys: number): Focus | null {
  const { query, key } = positions;
  if (query !== null && query < queries) return { side: "query", token: query };
  if (key !== null && key < keys) return { side: "key", token: key };
  return null;
}
