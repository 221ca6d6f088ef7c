/** Logged steps ⇄ places across a picture, 0..1, evenly or by the logarithm. */

export interface StepAxis {
  readonly first: number;
  readonly last: number;
  readonly isLog: boolean;
}

/** Logarithm of 1 + the step, as step 0 must have a place; of the steps since the first where that is negative. */
function position({ first, isLog }: StepAxis, step: number): number {
  return isLog ? Math.log1p(Math.max(0, step - Math.min(0, first))) : step;
}

export function placeOf(axis: StepAxis, step: number): number {
  const start = position(axis, axis.first);
  const end = position(axis, axis.last);
  return end > start ? (position(axis, step) - start) / (end - start) : 0.5;
}

export function stepAt(axis: StepAxis, place: number): number {
  const start = position(axis, axis.first);
  const along = start + place * (position(axis, axis.last) - start);
  return axis.isLog ? Math.expm1(along) + Math.min(0, axis.first) : along;
}

/** The axis over all of the given steps. */
export function axisOver(lists: readonly ArrayLike<number>[], isLog: boolean): StepAxis {
  let [first, last] = [Infinity, -Infinity];
  for (const step of lists.flatMap((steps) => Array.from(steps))) {
    first = Math.min(first, step);
    last = Math.max(last, step);
  }
  return first > last ? { first: 0, last: 0, isLog } : { first, last, isLog };
}

/** The step whose place is closest; null when there are none. Steps rise. */
export function nearestStep(
  axis: StepAxis,
  steps: ArrayLike<number>,
  place: number,
): number | null {
  let [low, high] = [0, steps.length - 1];
  if (high < 0) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (placeOf(axis, steps[middle]!) <= place) low = middle;
    else high = middle;
  }
  const isLow =
    Math.abs(placeOf(axis, steps[low]!) - place) <= Math.abs(placeOf(axis, steps[high]!) - place);
  return steps[isLow ? low : high]!;
}

/** Round steps for an axis with about `wanted` labels. */
export function axisTicks(axis: StepAxis, wanted: number): number[] {
  return axis.isLog ? logTicks(axis) : evenTicks(axis, wanted);
}

function evenTicks({ first, last }: StepAxis, wanted: number): number[] {
  if (last <= first) return [first];
  const rough = (last - first) / wanted;
  const size = 10 ** Math.floor(Math.log10(rough));
  const stride = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((each) => each >= rough);
  const step = Math.max(1, stride ?? rough);
  const ticks: number[] = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) ticks.push(Math.round(at));
  return ticks;
}

function logTicks(axis: StepAxis): number[] {
  const { first, last } = axis;
  const ticks = [first];
  for (let power = 1; power <= last; power *= 10)
    if (placeOf(axis, power) - placeOf(axis, ticks.at(-1)!) > 0.12) ticks.push(power);
  return ticks;
}
