/** A theme and device pixels per CSS pixel → the ink for them, made once. */

import type { Theme } from "./colour";

export function keptInk<Ink>(make: (theme: Theme, scale: number) => Ink): typeof make {
  const kept = new Map<string, Ink>();
  return (theme, scale) => {
    const key = `${theme} ${scale}`;
    const ink = kept.get(key) ?? make(theme, scale);
    kept.set(key, ink);
    return ink;
  };
}
