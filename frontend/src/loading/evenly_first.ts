/** A number of things in a row → their positions in an order of which any beginning is spread out. */

/** Each once: the ends first, then the middles of what lies between. */
export function evenlyFirst(count: number): number[] {
  const order = count > 1 ? [count - 1, 0] : count === 1 ? [0] : [];
  const gaps: [number, number][] = [[0, count - 1]];
  for (const [start, end] of gaps) {
    const middle = (start + end) >> 1;
    if (start >= middle || middle >= end) continue;
    order.push(middle);
    gaps.push([start, middle], [middle, end]);
  }
  return order;
}
