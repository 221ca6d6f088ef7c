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
  /** Steps that roles were worked out for, rising. */
  readonly roleSteps: Float64Array;
  /** Index into roleNames [role step, layer, head]; 255 where there is no head. */
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
  /** Metrics that say how sharply a head attends or what that is good for, not what it attends to. */
  readonly shape: ReadonlySet<string>;
  /** The metric that is the score of each role. */
  readonly roleMetrics: readonly string[];
  /** Steps from which on the probe is another one. */
  readonly probeChanges: readonly number[];
  readonly track: readonly TrackedPair[];
  /** Hints under the server's own limits. */
  readonly health: Health;
  /** The last step that was taken into account; null: the last there is. */
  readonly upTo: number | null;
  /** Later steps are being worked out. */
  readonly isPending: boolean;
  /** The metrics that these are of; null: those of the series. */
  readonly names: readonly string[] | null;
}

/** null: the answer holds head metrics alone. `before`: the same with the roles of earlier steps. */
export function decodeEvolution(
  answer: Answer,
  before: EvolutionFacts | null = null,
): EvolutionFacts | null {
  const { fields } = answer;
  if (answer.arrays["mark_step"] === undefined) return unchanged(answer, before);
  const roleSteps = takeArray(
    answer,
    answer.arrays["role_steps"] === undefined ? "steps" : "role_steps",
    "float64",
  );
  const known = (fields["roles_from"] as number | undefined) ?? 0;
  const perStep = answer.arrays["roles"]!.shape.slice(1).reduce((size, side) => size * side, 1);
  return {
    markSteps: takeArray(answer, "mark_step", "float64"),
    before: takeArray(answer, "mark_before", "float32"),
    after: takeArray(answer, "mark_after", "float32"),
    noise: takeArray(answer, "mark_noise", "float32"),
    scales: takeArray(answer, "scales", "float32"),
    roleSteps: Float64Array.from([...(before?.roleSteps.subarray(0, known) ?? []), ...roleSteps]),
    roles: Uint8Array.from([
      ...(before?.roles.subarray(0, known * perStep) ?? []),
      ...takeArray(answer, "roles", "uint8"),
    ]),
    roleScores: Float32Array.from([
      ...(before?.roleScores.subarray(0, known * perStep) ?? []),
      ...takeArray(answer, "role_scores", "float32"),
    ]),
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
    upTo: (fields["up_to"] as number | undefined) ?? null,
    isPending: fields["pending"] === true,
    names:
      fields["up_to"] === undefined ? null : ((fields["names"] as string[] | undefined) ?? null),
  };
}

/** An answer without arrays: nothing is known yet, or nothing has changed. */
function unchanged({ fields }: Answer, before: EvolutionFacts | null): EvolutionFacts | null {
  if (fields["unchanged"] !== true || before === null) return null;
  return { ...before, isPending: fields["pending"] === true };
}

/** Whether facts are of the metrics, layers and heads that a series has. */
export function fits(
  { names, markSteps, roles, roleSteps }: EvolutionFacts,
  series: { readonly names: readonly string[]; readonly shape: readonly number[] },
): boolean {
  const [, layers = 0, heads = 0, metrics = 0] = series.shape;
  return (
    (names === null || names.join("\n") === series.names.join("\n")) &&
    markSteps.length === layers * heads * metrics &&
    roles.length === roleSteps.length * layers * heads
  );
}
