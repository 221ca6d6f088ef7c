/** Answers of the route `region` → part of a head as a picture in log codes; codes ⇄ weights. */

import { release } from "./release";
import { DecodeError, takeArray, unpack } from "./unpack";

type Span = readonly [first: number, end: number];

/** A rectangle of one head; each pixel has the largest weight of its cells. */
export interface Region {
  readonly layer: number;
  readonly head: number;
  /** Queries and keys [first, end) that it covers. */
  readonly query: Span;
  readonly key: Span;
  /** How many queries and keys a pixel has. */
  readonly cell: readonly [queries: number, keys: number];
  /** "overview": drawn when the record was written, and no finer. */
  readonly source: "codes" | "vectors" | "overview";
  readonly rows: number;
  readonly columns: number;
  /** 0 is no weight; 1 … 255 are log₂ of the weight from −24 to 0. */
  readonly codes: Uint8Array<ArrayBuffer>;
}

const LOWEST = -24;
const STEPS = 254 / 24;

/** log₂ of a code's weight; −∞ for none. */
export function logOfCode(code: number): number {
  return code === 0 ? -Infinity : LOWEST + (code - 1) / STEPS;
}

export function weightOfCode(code: number): number {
  return 2 ** logOfCode(code);
}

export function decodeRegion(buffer: ArrayBuffer): Region {
  const answer = unpack(buffer);
  const { layer, head, queries, keys, cell, source } = answer.fields as {
    layer: number;
    head: number;
    queries: [number, number];
    keys: [number, number];
    cell: [number, number];
    source: Region["source"];
  };
  const codes = takeArray(answer, "codes", "uint8").slice();
  const [rows = 0, columns = 0] = answer.arrays["codes"]!.shape;
  const query: Span = [queries[0], queries[1] + 1];
  const key: Span = [keys[0], keys[1] + 1];
  const fits =
    rows === Math.ceil((query[1] - query[0]) / cell[0]) &&
    columns === Math.ceil((key[1] - key[0]) / cell[1]);
  if (!fits) throw new DecodeError("codes", `${rows} × ${columns} pixels do not fit its cells`);
  release(buffer);
  return { layer, head, query, key, cell, source, rows, columns, codes };
}

/** The code at a query and a key, which the region covers. */
export function codeAt(
  { query, key, cell, columns, codes }: Region,
  at: number,
  on: number,
): number {
  const row = Math.floor((at - query[0]) / cell[0]);
  return codes[row * columns + Math.floor((on - key[0]) / cell[1])]!;
}

export function covers({ query, key }: Region, at: number, on: number): boolean {
  return at >= query[0] && at < query[1] && on >= key[0] && on < key[1];
}
