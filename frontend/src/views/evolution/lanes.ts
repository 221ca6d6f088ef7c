/** Lasting changes → grouped by what the heads became, the commonest first; the rest together. */

import type { MetricSeries } from "../../decoding/decode";
import { becameText, type LastingChange } from "../../decoding/marked_heads";

export interface Lane {
  readonly name: string;
  readonly events: readonly LastingChange[];
}

/** More lanes would be a second table. */
const MOST_LANES = 4;
/** More marks than these are no marks; the map and the histogram show so many heads. */
const MOST_EVENTS = 400;

/** Changes that stand as one: a head's by its name, several by their count. */
export interface Pill {
  readonly events: readonly LastingChange[];
  readonly text: string;
  /** CSS pixels from the start of the axis, as `ticks`. */
  readonly left: number;
  readonly width: number;
  /** Where the steps themselves lie. */
  readonly ticks: readonly number[];
}

export interface PillRow {
  /** Of the lane, in CSS pixels. */
  readonly width: number;
  readonly placeOf: (step: number) => number;
  readonly nameOf: (change: LastingChange) => string;
}

const GAP = 3;
/** Of a text of 11 px, and what a pill has around it. */
const LETTER = 6.4;
const AROUND_TEXT = 10;
/** A pill further from its step would tell another. */
const FURTHEST = 160;
/** What lies within so many pixels is counted where names have no room: a pill of three digits. */
const BIN = 72;

interface Placed {
  readonly events: LastingChange[];
  readonly at: number;
}

/** Left to right at their steps, pushed right rather than overlapped; the last ones left of the end. */
export function pillsOf(events: readonly LastingChange[], row: PillRow): Pill[] {
  const ordered = events.toSorted((a, b) => a.step - b.step);
  const single = ordered.map((event) => ({ events: [event], at: row.placeOf(event.step) }));
  const named = pushed(single, row);
  const isNear = named.every(({ left, ticks }) => Math.abs(left - ticks[0]!) <= FURTHEST);
  const isWithin = named.every(({ left }) => left >= -GAP);
  return isNear && isWithin ? named : pushed(counted(single, row.width), row);
}

/** As many bins as pills have room, each at its first change. */
function counted(single: readonly Placed[], width: number): Placed[] {
  const count = Math.max(1, Math.floor(width / BIN));
  const binOf = ({ at }: Placed): number => Math.min(count - 1, Math.floor((at * count) / width));
  return [...Map.groupBy(single, binOf).values()].map((inside) => ({
    events: inside.flatMap(({ events }) => events),
    at: inside[0]!.at,
  }));
}

function pushed(placed: readonly Placed[], { width: end, placeOf, nameOf }: PillRow): Pill[] {
  const pills = placed.map(({ events, at }) => {
    const text = events.length === 1 ? nameOf(events[0]!) : `${events.length} heads`;
    const ticks = [...new Set(events.map(({ step }) => placeOf(step)))];
    return { events, text, left: at, width: AROUND_TEXT + LETTER * text.length, ticks };
  });
  let free = -Infinity;
  for (const pill of pills) {
    pill.left = Math.max(pill.left, free);
    free = pill.left + pill.width + GAP;
  }
  let most = end;
  for (const pill of pills.toReversed()) {
    pill.left = Math.min(pill.left, most - pill.width);
    most = pill.left - GAP;
  }
  return pills;
}

export function lanesOf(
  series: MetricSeries,
  changes: readonly LastingChange[],
  most = MOST_LANES,
): Lane[] {
  if (changes.length > MOST_EVENTS) return [];
  const groups = Map.groupBy(changes, (change) => becameText(series, change));
  const lanes = [...groups].map(([name, events]) => ({ name, events }));
  lanes.sort((a, b) => b.events.length - a.events.length || a.name.localeCompare(b.name, "en"));
  if (lanes.length <= most) return lanes;
  const rest = lanes.slice(most - 1).flatMap(({ events }) => events);
  return [...lanes.slice(0, most - 1), { name: "other changes", events: rest }];
}
