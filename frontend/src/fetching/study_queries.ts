/** Two records, or a pattern to find → the parameters of the routes that answer about them. */

import type { Quantity } from "../decoding/contribution";
import type { FindPattern } from "../text/pattern";
import { formatPositions } from "../text/positions";

interface Address {
  readonly run: string;
  readonly tag: string;
  readonly step: number;
  readonly version: string | null;
}

type Query = Record<string, string | number>;

export function comparisonQuery(first: Address, second: Address): Query {
  return {
    run: first.run,
    tag: first.tag,
    step: first.step,
    run_b: second.run,
    tag_b: second.tag,
    step_b: second.step,
    ...(first.version !== null && { v: first.version }),
    ...(second.version !== null && { v_b: second.version }),
  };
}

/** Weights are what the routes answer about unless they are told. */
export function quantityQuery(quantity: Quantity = "weight"): Query {
  return quantity === "weight" ? {} : { quantity };
}

const marks = { comma: ",", dash: "-" };

/** A tracked pair is a metric and is never asked for. */
export function patternQuery(pattern: FindPattern): Query {
  if ("template" in pattern) return { template: pattern.template };
  if ("tracked" in pattern) return {};
  const { query, key, axes } = pattern.pair;
  return {
    query: formatPositions(query, marks),
    key: formatPositions(key, marks),
    ...(axes !== null && { axes: axes.join(",") }),
  };
}
