/** A metrics answer with evolution → lasting changes, roles and uniform baseline, as the server found them. */

import { decodeHealth } from "./health_facts";
import type { Health } from "./health_facts";
import { takeArray, type Answer } from "./unpack";

export interface TrackedPair {
  readonly name: string;
  /** Token lists of the query and of the key axis. */
  readonly axes: readonly [string, string];
  readonly queries: readonly number[];
  readonly keys: readonly number[];
}

/** Layers, heads and metrics in the order of the series. */
export interface EvolutionFacts {
  /** First step after the largest lasting change [layer, head, metric]; NaN where there is none. */
  readonly markSteps: Float64Array;
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly noise: Float32Array;
  /** What a change of 1 means [metric]. */
  readonly scales: Float32Array;
  /** Index into roleNames [step, layer, head]; 255 where there is no head. */
  readonly roles: Uint8Array;
  readonly roleScores: Float32Array;
  /** "unclassified" last. */
  readonly roleNames: readonly string[];
  /** What uniform attention would score [layer, metric]. */
  readonly baseline: Float32Array;
  /** Noise times this is not a change. */
  readonly factor: number;
  /** What a head became when the metric rose, and when it fell. */
  readonly became: Readonly<Record<string, readonly [string, string]>>;
  /** Metrics that no head becomes. */
  readonly untold: ReadonlySet<string>;
  /** Metrics that say how sharply, not what a head attends to. */
  readonly shape: ReadonlySet<string>;
  /** The metric that is the score of each role. */
  readonly roleMetrics: readonly string[];
  /** Steps from which on the probe is another one. */
  readonly probeChanges: readonly number[];
  readonly track: readonly TrackedPair[];
  /** Hints under the server's own limits. */
  readonly health: Health;
}

/** null: the answer holds head metrics alone. */
export function decodeEvolution(answer: Answer): EvolutionFacts | null {
  if (answer.arrays["mark_step"] === undefined) return null;
  const { fields } = answer;
  return {
    markSteps: takeArray(answer, "mark_step", "float64"),
    before: takeArray(answer, "mark_before", "float32"),
    after: takeArray(answer, "mark_after", "float32"),
    noise: takeArray(answer, "mark_noise", "float32"),
    scales: takeArray(answer, "scales", "float32"),
    roles: takeArray(answer, "roles", "uint8"),
    roleScores: takeArray(answer, "role_scores", "float32"),
    roleNames: fields["roles"] as string[],
    baseline: takeArray(answer, "baseline", "float32"),
    factor: fields["factor"] as number,
    became: fields["became"] as EvolutionFacts["became"],
    untold: new Set(fields["untold"] as string[]),
    shape: new Set(fields["shape"] as string[]),
    roleMetrics: fields["role_metrics"] as string[],
    probeChanges: fields["probe_changes"] as number[],
    track: fields["track"] as TrackedPair[],
    health: decodeHealth(answer),
  };
}
