/** A head's weight on the pattern over the steps → a small canvas with its line, the threshold and the present step. */

import { useMemo } from "preact/hooks";

import type { Theme } from "../../draw/theme";
import { SparkLine } from "../../parts/chart/spark_line";
import type { HeadsOverSteps } from "./ranking";

export interface FoundSparkProps {
  readonly over: HeadsOverSteps;
  readonly layer: number;
  readonly head: number;
  /** First and last step of the probe, so that a search under way keeps its axis. */
  readonly span: readonly [number, number];
  readonly step: number;
  readonly threshold: number;
  readonly theme: Theme;
}

export function FoundSpark({ over, layer, head, span, step, threshold, theme }: FoundSparkProps) {
  const [first, last] = span;
  const place = (at: number): number => (last > first ? (at - first) / (last - first) : 0);
  const line = useMemo(
    () => ({
      places: Float32Array.from(over.steps, place),
      values: Float32Array.from(over.steps, (at) => over.at(at, layer, head)),
      boldFrom: -1,
    }),
    [over, layer, head, first, last],
  );
  return <SparkLine {...{ line, threshold, theme }} place={place(step)} />;
}
