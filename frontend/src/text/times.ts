/** A ratio to uniform attention → its text: `.5 ×`, `3.4 ×`, `1,200 ×`. */

/** A logarithmic scale from uniform attention over so many keys to one key that has all: its ends and its middle. */
export function timesOfScale(keys: number): [least: string, middle: string, most: string] {
  return ["1 ×", formatTimes(Math.sqrt(keys)), formatTimes(keys)];
}

export function formatTimes(ratio: number): string {
  if (!Number.isFinite(ratio)) return "–";
  if (ratio >= 9.95) return `${Math.round(ratio).toLocaleString("en")} ×`;
  return `${ratio < 0.095 && ratio > 0 ? ratio.toPrecision(1) : ratio.toFixed(1)} ×`.replace(
    /^0\./,
    ".",
  );
}
