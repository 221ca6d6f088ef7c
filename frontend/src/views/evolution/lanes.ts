/** Lasting changes → grouped by what the heads became, the commonest first; the rest together. */

import type { MetricSeries } from "../../decoding/decode";
import { becameText, type LastingChange } from "../../decoding/marked_heads";

export interface Lane {
  readonly name: string;
  readonly events: readonly LastingChange[];
}

/** More lanes than these would be a second table. */
const MOST_LANES = 4;
/** More marks than these are no marks; the map and the histogram show so many heads. */
const MOST_EVENTS = 400;

/** Changes that would hide one another are one mark, at the place of the first. */
export interface LaneMark {
  readonly left: number;
  readonly events: readonly LastingChange[];
}

/** Of a mark and the gap beside it, in CSS pixels. */
const MARK_WIDTH = 6;

export function marksOf(
  events: readonly LastingChange[],
  leftOf: (step: number) => number,
): LaneMark[] {
  const marks: { left: number; events: LastingChange[] }[] = [];
  for (const event of events.toSorted((a, b) => a.step - b.step)) {
    const left = leftOf(event.step);
    const last = marks.at(-1);
    if (last !== undefined && left - last.left < MARK_WIDTH) last.events.push(event);
    else marks.push({ left, events: [event] });
  }
  return marks;
}

export function lanesOf(series: MetricSeries, changes: readonly LastingChange[]): Lane[] {
  if (changes.length > MOST_EVENTS) return [];
  const groups = Map.groupBy(changes, (change) => becameText(series, change));
  const lanes = [...groups].map(([name, events]) => ({ name, events }));
  lanes.sort((a, b) => b.events.length - a.events.length || a.name.localeCompare(b.name, "en"));
  if (lanes.length <= MOST_LANES) return lanes;
  const rest = lanes.slice(MOST_LANES - 1).flatMap(({ events }) => events);
  return [...lanes.slice(0, MOST_LANES - 1), { name: "other changes", events: rest }];
}
