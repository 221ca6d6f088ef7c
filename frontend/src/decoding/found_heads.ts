/** The answer of `find` → every head's weight on a pattern at some steps, and how all answers of one search come together. */

import { takeArray, unpack } from "./unpack";

export interface Skipped {
  readonly step: number;
  readonly reason: string;
}

/** Values are [step, layer, head]; NaN where a step has no such layer or head. */
export interface FoundSteps {
  readonly steps: readonly number[];
  readonly layers: number;
  readonly heads: number;
  readonly values: Float32Array;
  /** What uniform attention would give [layer]. */
  readonly uniform: Float32Array;
  /** Steps to ask for next, and those that cannot be searched. */
  readonly left: readonly number[];
  readonly skipped: readonly Skipped[];
  /** Layers whose texts are too long to be searched for this. */
  readonly tooLarge?: readonly number[];
}

export function decodeFound(buffer: ArrayBuffer): FoundSteps {
  const answer = unpack(buffer);
  const [, layers = 0, heads = 0] = answer.arrays["values"]!.shape;
  return {
    steps: [...takeArray(answer, "steps", "float64")],
    layers,
    heads,
    values: takeArray(answer, "values", "float32"),
    uniform: takeArray(answer, "uniform", "float32"),
    left: answer.fields["left"] as number[],
    skipped: answer.fields["skipped"] as Skipped[],
    tooLarge: (answer.fields["too_large"] ?? []) as number[],
  };
}

/** One search over the steps, as far as it has come. */
export interface Found {
  /** Every head at a step [layer, head]. */
  readonly values: ReadonlyMap<number, Float32Array>;
  readonly layers: number;
  readonly heads: number;
  readonly uniform: Float32Array;
  readonly skipped: readonly Skipped[];
  readonly tooLarge?: readonly number[];
}

export const nothingFound: Found = {
  values: new Map(),
  layers: 0,
  heads: 0,
  uniform: new Float32Array(0),
  skipped: [],
};

/** A head's place in the values of a step: steps of one probe have the same layers and heads. */
export function addFound(found: Found, more: FoundSteps): Found {
  const size = more.layers * more.heads;
  const values = new Map(found.values);
  more.steps.forEach((step, at) => values.set(step, more.values.slice(at * size, (at + 1) * size)));
  const hasMore = more.steps.length > 0;
  return {
    values,
    layers: hasMore ? more.layers : found.layers,
    heads: hasMore ? more.heads : found.heads,
    uniform: hasMore ? more.uniform : found.uniform,
    skipped: [...found.skipped, ...more.skipped],
    tooLarge: [...new Set([...(found.tooLarge ?? []), ...(more.tooLarge ?? [])])],
  };
}
