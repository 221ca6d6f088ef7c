/** A pointed or clicked token → hover and pin in the state; one pin at a time. */

import { batch } from "@preact/signals";

import { hoverKey, hoverQuery, key, pinKey, pinQuery, query } from "../../state";

export function hoverToken(side: "query" | "key", token: number | null): void {
  (side === "query" ? hoverQuery : hoverKey).value = token;
}

/** Pin the token and free the other side; the pinned token again, or null, frees both. */
export function pinToken(side: "query" | "key", token: number | null): void {
  batch(() => {
    const same = (side === "query" ? query : key).value === token;
    if (query.value !== null) pinQuery(null);
    if (key.value !== null) pinKey(null);
    if (token === null || same) return;
    if (side === "query") pinQuery(token);
    else pinKey(token);
  });
}
