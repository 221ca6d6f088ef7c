/** The largest value of a chart → the round number at which its scale ends. */

const ROUND = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

export function roundUp(value: number): number {
  if (value <= 0) return 0;
  const size = 10 ** Math.floor(Math.log10(value));
  return ROUND.map((factor) => factor * size).find((round) => round >= value) ?? value;
}
