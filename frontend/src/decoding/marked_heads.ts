/** A series with the server's evolution → which changes are marked, in one metric or of each head the largest. */

import type { MetricSeries } from "./decode";
import { standsOut } from "./lasting_change";

export interface LastingChange {
  /** First step after it. */
  readonly step: number;
  readonly layer: number;
  readonly head: number;
  /** Index of the metric. */
  readonly metric: number;
  readonly before: number;
  readonly after: number;
  /** Signed, in parts of the metric's scale. */
  readonly size: number;
}

/** The largest lasting change of one head in one metric, marked or not; null where there is none. */
export function lastingChange(
  series: MetricSeries,
  layer: number,
  head: number,
  metric: number,
): LastingChange | null {
  const facts = series.evolution;
  if (facts === null) return null;
  const [, , heads = 0, metrics = 0] = series.shape;
  const at = (layer * heads + head) * metrics + metric;
  const step = facts.markSteps[at];
  if (step === undefined || Number.isNaN(step)) return null;
  const [before, after] = [facts.before[at]!, facts.after[at]!];
  const size = Math.fround(Math.fround(after - before) / facts.scales[metric]!);
  return { step, layer, head, metric, before, after, size };
}

/** What a size of 1 means in the metric's own unit. */
export function changeScale(series: MetricSeries, metric: number): number {
  return series.evolution?.scales[metric] ?? 1;
}

/** Large enough, and well above the head's own noise. In the server's precision, so that both mark the same. */
export function isMarked(series: MetricSeries, change: LastingChange, smallest: number): boolean {
  const facts = series.evolution!;
  const [, , heads = 0, metrics = 0] = series.shape;
  const at = (change.layer * heads + change.head) * metrics + change.metric;
  const noise = Math.fround((facts.noise[at]! || 0) / facts.scales[change.metric]!);
  return standsOut(change.size, noise, { smallest, factor: facts.factor });
}

/**
 * Each marked head once, with its largest change over all metrics that are told, by step. Of a head
 * whose role emerged, the changes of shape and of effects that came with it are not told.
 */
export function markedHeads(series: MetricSeries, smallest: number): LastingChange[] {
  const facts = series.evolution;
  if (facts === null) return [];
  const told = series.names.flatMap((name, metric) => (facts.untold.has(name) ? [] : [metric]));
  const found = series.layers.flatMap(({ heads }, layer) =>
    Array.from({ length: heads }, (_, head) => largest(series, { layer, head }, told, smallest)),
  );
  return found
    .filter((change) => change !== null)
    .sort((a, b) => a.step - b.step || a.layer - b.layer || a.head - b.head);
}

function largest(
  series: MetricSeries,
  { layer, head }: { layer: number; head: number },
  told: readonly number[],
  smallest: number,
): LastingChange | null {
  const facts = series.evolution!;
  const isRole = roleEmerged(series, layer, head, smallest);
  let best: LastingChange | null = null;
  for (const metric of told) {
    if (isRole && facts.shape.has(series.names[metric]!)) continue;
    const change = lastingChange(series, layer, head, metric);
    if (change === null || !isMarked(series, change, smallest)) continue;
    if (best === null || Math.abs(change.size) > Math.abs(best.size)) best = change;
  }
  return best;
}

/** The metric of its role at the last step is marked, rose, and says what the head attends to. */
function roleEmerged(series: MetricSeries, layer: number, head: number, smallest: number): boolean {
  const facts = series.evolution!;
  const [, layers = 0, heads = 0] = series.shape;
  const role = facts.roles[((facts.roleSteps.length - 1) * layers + layer) * heads + head];
  const name = facts.roleMetrics[role ?? -1];
  if (name === undefined || facts.shape.has(name)) return false;
  const change = lastingChange(series, layer, head, series.names.indexOf(name));
  return change !== null && change.after > change.before && isMarked(series, change, smallest);
}

/** "first-token sink", "leaves the first token", …; any other metric rises or falls. */
export function becameText(series: MetricSeries, { metric, before, after }: LastingChange): string {
  const name = series.names[metric]!;
  const words = series.evolution?.became[name];
  const rose = after > before;
  if (words !== undefined) return words[rose ? 0 : 1];
  return `${name.replaceAll("_", " ").replace(/\bcls\b/, "CLS")} ${rose ? "rises" : "falls"}`;
}

/** The role of a head at a row of the series, and its score; null where there is no such head. */
export function roleAt(
  series: MetricSeries,
  row: number,
  layer: number,
  head: number,
): HeadRole | null {
  const facts = series.evolution;
  const [, layers = 0, heads = 0] = series.shape;
  const place = lastUpTo(facts?.roleSteps ?? [], series.steps[row] ?? NaN);
  if (facts === null || place === -1) return null;
  const at = (place * layers + layer) * heads + head;
  const name = facts.roleNames[facts.roles[at] ?? 255];
  if (name === undefined) return null;
  return { name, score: facts.roleScores[at]!, step: facts.roleSteps[place]! };
}

export interface HeadRole {
  readonly name: string;
  readonly score: number;
  /** For which it was worked out: the last such one up to the step that was asked for. */
  readonly step: number;
}

/** Index of the last of rising numbers that is at most `limit`; -1 for none. */
function lastUpTo(rising: ArrayLike<number>, limit: number): number {
  let [low, high] = [-1, rising.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rising[middle]! <= limit) low = middle;
    else high = middle;
  }
  return low;
}
