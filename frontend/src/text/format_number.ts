/** A weight, a difference or a step → the text shown for it: two decimals, no leading zero, a real minus. */

const minus = "\u2212";
/** Numbers from here on have too many digits to be read; a metric of one's own may have them. */
const LARGE = 1e6;

/** `.87`, `1.00`, `−.02`, `1.2e9`; `–` for an undefined value. */
export function formatWeight(value: number, decimals = 2): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text =
    size >= LARGE
      ? size.toExponential(1).replace("e+", "e")
      : size.toFixed(decimals).replace(/^0\./, ".");
  return value < 0 && /[1-9]/.test(text) ? minus + text : text;
}

/** In a small cell, where `1.00` does not fit: `.87`, `1`. */
export function formatCell(weight: number): string {
  const text = formatWeight(weight);
  return text === "1.00" ? "1" : text;
}

/** Always with a sign: `+.59`, `−.02`, `±.00`. */
export function formatDifference(value: number, decimals = 2): string {
  if (!Number.isFinite(value)) return "–";
  const text = formatWeight(Math.abs(value), decimals);
  if (!/[1-9]/.test(text)) return `±${text}`;
  return (value < 0 ? minus : "+") + text;
}

/** As many decimals as fit over a narrow cell: `.87`, `3.42`, `41.8`, `128`, `1.2e9`. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  return formatWeight(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "under 1 %";
  return `${Math.round(100 * share)} %`;
}

/** As TensorBoard's own tabs write it: `1,500`; `–` without one. */
export function formatStep(step: number | null): string {
  return step === null ? "–" : step.toLocaleString("en").replace("-", minus);
}
