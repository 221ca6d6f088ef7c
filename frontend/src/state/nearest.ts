/** Logged steps → those with patterns; numbers → the one closest to what is wanted. */

import type { TagIndex } from "../decoding/answers";

/** Steps of a probe at which more than metrics was logged; none of a probe that is not there. */
export function stepsWithPatterns(listed: TagIndex | undefined): readonly number[] {
  return listed?.steps.filter((_, place) => listed.kinds[place] !== "metrics") ?? [];
}

/** Of two that are as close, the first. */
export function nearestOf(numbers: readonly number[], wanted: number): number | null {
  const far = (each: number): number => Math.abs(each - wanted);
  return numbers.reduce<number | null>(
    (best, each) => (best === null || far(each) < far(best) ? each : best),
    null,
  );
}
