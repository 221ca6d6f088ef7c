/** Numbers → the one closest to what is wanted; of two, the first. */

export function nearestOf(numbers: readonly number[], wanted: number): number | null {
  const far = (each: number): number => Math.abs(each - wanted);
  return numbers.reduce<number | null>(
    (best, each) => (best === null || far(each) < far(best) ? each : best),
    null,
  );
}
