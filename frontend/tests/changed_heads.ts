/** A small model whose heads changed → its metric series with what the server found out about it. */

import { MetricSeries } from "../src/decoding/decode";
import type { EvolutionFacts } from "../src/decoding/evolution_facts";

/** Two layers of two heads over four steps; head 1.0 moved to a tracked token at step 20, and has no role. */
export function changedHeads(): MetricSeries {
  const metrics = 1;
  const steps = Float64Array.of(0, 10, 20, 30);
  const none = new Array<number>(4 * metrics).fill(NaN);
  const at = (number: number, others: number[] = none): number[] =>
    others.map((each, head) => (head === 2 ? number : each));
  const facts = {
    markSteps: Float64Array.from(at(20)),
    before: Float32Array.from(at(0.1)),
    after: Float32Array.from(at(0.7)),
    noise: new Float32Array(4),
    scales: Float32Array.of(1),
    baseline: Float32Array.of(0.25, 0.25),
    roleSteps: steps,
    roles: new Uint8Array(16).fill(1),
    roleScores: new Float32Array(16).fill(NaN),
    roleNames: ["induction", "unclassified"],
    became: {},
    untold: new Set<string>(),
    shape: new Set<string>(),
    roleMetrics: ["induction"],
    factor: 4,
    track: [],
    health: { hints: [], limits: {} },
  } as unknown as EvolutionFacts;
  const layers = ["0", "1"].map((name) => ({ name, kind: "self" as const, stack: "", heads: 2 }));
  const values = new Float32Array(4 * 2 * 2 * metrics).fill(0.1);
  return new MetricSeries(["she→nurse"], layers, [], steps, steps, values, [4, 2, 2, 1], facts);
}
