/** Every head's weight on a pattern over the steps → heads by weight at one step, and when each first passed a threshold. */

/** Values by step; `steps` ascend. */
export interface HeadsOverSteps {
  readonly steps: readonly number[];
  readonly layers: number;
  heads(layer: number): number;
  /** NaN where it is not defined. */
  at(step: number, layer: number, head: number): number;
  /** What uniform attention would give; NaN where that means nothing. */
  uniform(layer: number): number;
}

export interface RankedHead {
  readonly layer: number;
  readonly head: number;
  readonly weight: number;
}

/** The head with most weight first; heads without a value are left out. */
export function rankAt(over: HeadsOverSteps, step: number): RankedHead[] {
  const rows: RankedHead[] = [];
  for (let layer = 0; layer < over.layers; layer++)
    for (let head = 0; head < over.heads(layer); head++) {
      const weight = over.at(step, layer, head);
      if (!Number.isNaN(weight)) rows.push({ layer, head, weight });
    }
  return rows.sort((a, b) => b.weight - a.weight || a.layer - b.layer || a.head - b.head);
}

/** The first known step at which a head's weight is at least this; null if there is none. */
export function firstPassed(
  over: HeadsOverSteps,
  layer: number,
  head: number,
  threshold: number,
): number | null {
  return over.steps.find((step) => over.at(step, layer, head) >= threshold) ?? null;
}
