/** What heads became → the lanes of a printed figure: a name, and under it a pill for each head at its step. */

import { headColour, inkOn, rgbOf, summaryColour } from "../../draw/colour";
import { papers, type Shape } from "../../draw/picture";
import { placeOf } from "../../draw/step_axis";
import { theme } from "../../state";
import { nameOf } from "./heads_chart";
import { pillsOf, type Lane, type Pill } from "./lanes";
import { axis, lanes } from "./scene";

const LANE = 40;
const NAME = 12;
const PILL = 16;

export const lanesHeight = (): number => lanes.peek().length * LANE;

export function laneShapes(width: number): Shape[] {
  return lanes.peek().flatMap((lane, at) => oneLane(lane, at * LANE, width));
}

function oneLane({ name, events }: Lane, top: number, width: number): Shape[] {
  const { second, hairline } = papers[theme.peek()];
  const row = { width, placeOf: (step: number) => placeOf(axis.peek(), step) * width, nameOf };
  return [
    { kind: "text", x: 0, y: top + NAME, text: name, size: 11, colour: second },
    { kind: "box", x: 0, y: top + NAME + 4 + PILL / 2, width, height: 1, colour: hairline },
    ...pillsOf(events, row).flatMap((pill) => onePill(pill, top + NAME + 4)),
  ];
}

function onePill({ events, text, left, width, ticks }: Pill, top: number): Shape[] {
  const colour =
    events.length === 1 ? headColour(events[0]!.head, theme.peek()) : summaryColour(theme.peek());
  const tick = { kind: "box", y: top + PILL, width: 1, height: 4 } as const;
  const middle = { x: left + width / 2, y: top + 12, anchor: "middle" } as const;
  return [
    ...ticks.map((x): Shape => ({ ...tick, x, colour: papers[theme.peek()].second })),
    { kind: "box", x: left, y: top, width, height: PILL, colour },
    { kind: "text", ...middle, text, size: 11, isBold: true, colour: inkOn(rgbOf(colour)) },
  ];
}
