/** Marked changes and the run's scalar → one sentence on what happened: how many heads, where, when, and the loss meanwhile. */

import type { ScalarSeries } from "../../decoding/answers";
import type { MetricSeries } from "../../decoding/decode";
import { becameText, type LastingChange } from "../../decoding/marked_heads";
import { formatStep, formatValue, formatWeight } from "../../text/format_number";

export interface SummaryFacts {
  readonly series: MetricSeries;
  readonly changes: readonly LastingChange[];
  /** What a change must reach, in parts of its scale. */
  readonly smallest: number;
  readonly scalar: ScalarSeries | null;
  /** In fewer words, for a narrow grid. */
  readonly isShort?: boolean;
}

/** Above so many heads it tells what they became, as no layer stands out. */
const MANY = 600;
const MOST_NAMED = 3;

export function summaryOf(facts: SummaryFacts): string {
  const { series, changes, smallest, isShort = false } = facts;
  const heads = series.layers.reduce((sum, layer) => sum + layer.heads, 0);
  if (series.steps.length < 2) return "One step so far: changes need two and more.";
  if (changes.length === 0)
    return `No head changed for good by ${formatWeight(smallest)} or more, above its own noise.`;
  const number = (count: number): string => count.toLocaleString("en");
  const subject = `${number(changes.length)} of ${number(heads)} ${heads === 1 ? "head" : "heads"} changed${isShort ? "" : " for good"}`;
  const where = heads > MANY ? became(facts) : mostlyIn(facts);
  return `${subject}${where}, ${when(changes)}${meanwhile(facts)}.`;
}

/** Of an input that changed; changes of heads are told within the steps of one. */
export function changesText(steps: readonly number[]): string {
  const last = steps.at(-1)!;
  const often = steps.length > 1 ? ` ${steps.length.toLocaleString("en")} times, the last` : "";
  return `another text${often} from step ${formatStep(last)} on: steps before it do not compare`;
}

/** Names with their counts, the most frequent first; null for none. */
function counted<T>(of: readonly T[]): { name: T; count: number }[] {
  const counts = new Map<T, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
}

function mostlyIn({ changes, series }: SummaryFacts): string {
  const layers = counted(changes.map(({ layer }) => layer));
  if (series.layers.length < 2) return "";
  if (layers.length === 1) return `, all in layer ${layers[0]!.name}`;
  const [first, second] = layers as [{ name: number; count: number }, { count: number }];
  return first.count > second.count ? `, most in layer ${first.name}` : "";
}

function became({ series, changes }: SummaryFacts): string {
  const named = counted(changes.map((change) => becameText(series, change)));
  const texts = named
    .slice(0, MOST_NAMED)
    .map(({ name, count }) => `${count.toLocaleString("en")} ${name}`);
  const rest = named.slice(MOST_NAMED).reduce((sum, { count }) => sum + count, 0);
  if (rest > 0) texts.push(`${rest.toLocaleString("en")} others`);
  return ` (${texts.join(", ")})`;
}

function when(changes: readonly LastingChange[]): string {
  const steps = changes.map(({ step }) => step);
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  return first === last
    ? `at step ${formatStep(first)}`
    : `at steps ${formatStep(first)}–${formatStep(last)}`;
}

/** The scalar's values over the steps at which heads changed. */
function meanwhile({ changes, scalar, series, isShort = false }: SummaryFacts): string {
  if (scalar === null) return "";
  const steps = changes.map(({ step }) => step);
  const before = series.steps.findLast((step) => step < Math.min(...steps)) ?? series.steps[0]!;
  const from = valueAt(scalar, before);
  const to = valueAt(scalar, Math.max(...steps));
  if (from === null || to === null) return "";
  const [start, end] = [formatValue(from), formatValue(to)];
  if (isShort) return `; ${scalar.tag} ${start} → ${end}`;
  if (start === end) return ` while ${scalar.tag} stayed at ${end}`;
  return ` while ${scalar.tag} ${to < from ? "fell" : "rose"} from ${start} to ${end}`;
}

/** At the nearest step that has one. */
function valueAt({ steps, values }: ScalarSeries, step: number): number | null {
  let best: number | null = null;
  let distance = Infinity;
  steps.forEach((each, at) => {
    const value = values[at] ?? null;
    const far = Math.abs(each - step);
    if (value === null || !Number.isFinite(value) || far >= distance) return;
    [best, distance] = [value, far];
  });
  return best;
}
