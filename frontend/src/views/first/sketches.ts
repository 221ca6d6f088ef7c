/** Made-up numbers that look like attention → what the pictures of an empty page are drawn of. */

import type { Codes } from "../../draw/heatmap";

const TOKENS = 12;

/** 0 to 1, the same for the same number. */
export function chance(seed: number): number {
  const value = Math.sin(12.9898 * seed + 4.1414) * 43758.5453;
  return value - Math.floor(value);
}

const weightOf = [
  (query: number, key: number) => (key === query ? 1 : 0),
  (query: number, key: number) => (key === Math.max(0, query - 1) ? 0.9 : 0),
  (_: number, key: number) => (key === 0 ? 0.8 : 0),
  (_: number, key: number) => (key === 4 ? 0.6 : 0),
  () => 0,
];

/** One head: a pattern with some noise under it. */
export function sketchedHead(number: number): Codes {
  const kind = weightOf[Math.floor(chance(number) * weightOf.length)]!;
  const codes = Uint8Array.from({ length: TOKENS * TOKENS }, (_, at) => {
    const [query, key] = [Math.floor(at / TOKENS), at % TOKENS];
    const weight = kind(query, key) + 0.16 * chance(number * 997 + at) ** 2;
    return Math.round(255 * Math.sqrt(Math.min(1, weight)));
  });
  return { codes, offset: 0, rows: TOKENS, columns: TOKENS };
}

/** Of one head over training: it stays, or rises at some time; 0 to 1. */
export function sketchedCurve(number: number, points: number): number[] {
  const [since, height] = [0.2 + 0.4 * chance(number), 0.25 + 0.7 * chance(number + 50)];
  return Array.from({ length: points }, (_, at) => {
    const rise = 1 / (1 + Math.exp(-18 * (at / (points - 1) - since)));
    return 0.05 + height * rise + 0.06 * (chance(number * 31 + at) - 0.5);
  });
}

/** Of a query or a key, by dimension; −1 to 1. */
export function sketchedVector(number: number, size: number): number[] {
  return Array.from({ length: size }, (_, at) => 2 * chance(number * 71 + at) - 1);
}
