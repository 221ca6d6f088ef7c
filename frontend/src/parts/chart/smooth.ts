/** Values over steps → the same without their jitter, as TensorBoard smooths scalars. */

const WEIGHT = 0.6;

/** Exponential moving average, corrected for its start; what is no number is passed over. */
export function smooth(values: readonly number[]): number[] {
  let [average, count] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    average = WEIGHT * average + (1 - WEIGHT) * value;
    count += 1;
    return average / (1 - WEIGHT ** count);
  });
}
