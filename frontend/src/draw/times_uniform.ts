/** Log codes of weights → colours by how many times a weight is that of uniform attention over a text's keys. */

import { logOfCode } from "../decoding/region";
import { sequentialTable, type Theme, weightTable } from "./colour";

/** Where log₂ of a weight lies between uniform attention over so many keys, 0, and one key that has all, 1. */
export function placeOfLog(log: number, keys: number): number {
  const whole = Math.log2(Math.max(2, keys));
  return Math.min(1, Math.max(0, 1 + log / whole));
}

/** Pixel by log code; uniform attention and what is below it have the colour of nothing. */
export function timesUniformTable(theme: Theme, keys: number): Uint32Array<ArrayBuffer> {
  const colours = sequentialTable(theme);
  return Uint32Array.from({ length: 256 }, (_, code) => {
    return colours[Math.round(255 * placeOfLog(logOfCode(code), keys))]!;
  });
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
  const colours = sequentialTable(theme);
  const table = Uint32Array.from({ length: 256 }, (_, code) => {
    return colours[Math.round(255 * placeOfLog(2 * Math.log2(code / 255), keys))]!;
  });
  tables.set(name, table);
  return table;
}
