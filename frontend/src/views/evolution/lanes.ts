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

export function lanesOf(series: MetricSeries, changes: readonly LastingChange[]): Lane[] {
  if (changes.length > MOST_EVENTS) return [];
  const groups = Map.groupBy(changes, (change) => becameText(series, change));
  const lanes = [...groups].map(([name, events]) => ({ name, events }));
  lanes.sort((a, b) => b.events.length - a.events.length || a.name.localeCompare(b.name, "en"));
  if (lanes.length <= MOST_LANES) return lanes;
  const rest = lanes.slice(MOST_LANES - 1).flatMap(({ events }) => events);
  return [...lanes.slice(0, MOST_LANES - 1), { name: "other changes", events: rest }];
}
