/** Where labels would like to stand → places as close as can be without one over another. */

/** Tops in the order given; each label `height` high, none above 0 or below `most`. */
export function spreadLabels(wanted: readonly number[], height: number, most: number): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  const tops = [...wanted];
  let free = 0;
  for (const at of order) {
    tops[at] = Math.max(free, tops[at]!);
    free = tops[at] + height;
  }
  let end = most;
  for (const at of order.toReversed()) {
    tops[at] = Math.min(end, tops[at]!);
    end = tops[at] - height;
  }
  return tops;
}
