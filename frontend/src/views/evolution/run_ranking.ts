/** Histories of several runs and a head → the runs in the order of its value, each with the step at which it changed for good. */

import { markedAt } from "../../decoding/lasting_change";
import type { Cell } from "../../draw/grid";
import type { Histories } from "../../draw/histories";

export interface RunOfHead {
  readonly name: string;
  readonly histories: Histories;
  /** null: it did not change for good. */
  readonly emerged: number | null;
  /** Not a number where the run has no such step, or no such head. */
  readonly value: number;
}

/** By the server's facts, else by the same rule on the steps that are here. */
export function emergedAt(histories: Histories, { layer, head }: Cell): number | null {
  const { series } = histories;
  if (series.evolution !== null) return histories.change(layer, head)?.step ?? null;
  const values = Float32Array.from(series.exactSteps, (step) =>
    histories.height(histories.at(step, layer, head)),
  );
  const at = markedAt(values, histories.smallest);
  return at === -1 ? null : series.exactSteps[at]!;
}

/** The highest first; runs without a value last. */
export function runsOfHead(
  runs: readonly { readonly name: string; readonly histories: Histories }[],
  cell: Cell,
  step: number | null,
): RunOfHead[] {
  const rank = (value: number): number => (Number.isNaN(value) ? -Infinity : value);
  return runs
    .map(({ name, histories }) => ({
      name,
      histories,
      emerged: emergedAt(histories, cell),
      value: step === null ? NaN : histories.at(step, cell.layer, cell.head),
    }))
    .sort((a, b) => (rank(a.value) === rank(b.value) ? 0 : rank(b.value) - rank(a.value)));
}
