/** Log codes of weights → colours by how many times a weight is that of uniform attention over a text's keys. */

import { logOfCode } from "../decoding/region";
import { sequentialTable, type Theme, weightTable } from "./colour";

/** Where log₂ of a weight lies between uniform attention over so many keys, 0, and one key that has all, 1. */
export function placeOfLog(log: number, keys: number): number {
  const whole = Math.log2(Math.max(2, keys));
  return Math.min(1, Math.max(0, 1 + log / whole));
}

/** Pixel by a code whose weight has this log₂. */
function tableOf(
  theme: Theme,
  keys: number,
  logOf: (code: number) => number,
): Uint32Array<ArrayBuffer> {
  const colours = sequentialTable(theme);
  return Uint32Array.from({ length: 256 }, (_, code) => {
    return colours[Math.round(255 * placeOfLog(logOf(code), keys))]!;
  });
}

/** Pixel by log code; uniform attention and what is below it have the colour of nothing. */
export function timesUniformTable(theme: Theme, keys: number): Uint32Array<ArrayBuffer> {
  return tableOf(theme, keys, logOfCode);
}

const tables = new Map<string, Uint32Array<ArrayBuffer>>();

/** Pixel by code, round(255 √weight), of a text with so many keys; the same array for the same scale. */
export function scaleTable(
  theme: Theme,
  scale: "root" | "linear" | "uniform",
  keys: number,
): Uint32Array<ArrayBuffer> {
  if (scale !== "uniform") return weightTable(theme, scale);
  const name = `${theme} ${keys}`;
  const known = tables.get(name);
  if (known !== undefined) return known;
  const table = tableOf(theme, keys, (code) => 2 * Math.log2(code / 255));
  tables.set(name, table);
  return table;
}

/** The colours of a scale from its least to its most, for a legend: of weights 0 to 1, or of 1 × uniform to all. */
export function legendTable(
  theme: Theme,
  scale: "root" | "linear" | "uniform",
): Uint32Array<ArrayBuffer> {
  return scale === "uniform" ? sequentialTable(theme) : weightTable(theme, scale);
}
