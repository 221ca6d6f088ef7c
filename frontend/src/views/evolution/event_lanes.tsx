/** Lasting changes → one lane for each thing that heads became, a mark for each head at its step, on the charts' axis. */

import { headColour, summaryColour } from "../../draw/colour";
import { placeOf, type StepAxis } from "../../draw/step_axis";
import { theme } from "../../state";
import { plotBox } from "../../parts/chart/step_chart";
import { openPattern } from "./evolution_grid";
import { nameOf } from "./heads_chart";
import { marksOf, type Lane, type LaneMark } from "./lanes";

export const LANE_HEIGHT = 28;

export interface EventLanesProps {
  readonly lanes: readonly Lane[];
  readonly axis: StepAxis;
  readonly width: number;
}

export function EventLanes({ lanes, axis, width }: EventLanesProps) {
  const plot = plotBox({ width, height: 0, hasStepLabels: false });
  return (
    <ul class="event-lanes" aria-label="What heads became, over the steps">
      {lanes.map(({ name, events }) => (
        <li key={name} style={{ height: LANE_HEIGHT, marginLeft: plot.left, width: plot.width }}>
          <span class="lane-name">
            {name} <b>{events.length}</b>
          </span>
          {marksOf(events, (step) => placeOf(axis, step) * plot.width).map((mark) => (
            <Mark key={mark.left} name={name} {...mark} />
          ))}
        </li>
      ))}
    </ul>
  );
}

/** More names than these are counted. */
const MOST_NAMED = 12;

/** "2.3, 2.5 at step 40, 4.1 at step 45". */
function namesOf(events: LaneMark["events"]): string {
  const bySteps = Map.groupBy(events.slice(0, MOST_NAMED), ({ step }) => step);
  const named = [...bySteps].map(
    ([step, heads]) => `${heads.map((each) => nameOf(each)).join(", ")} at step ${step}`,
  );
  const rest = events.length - MOST_NAMED;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}

/** Of several heads in no head's colour and wider; a press opens the first. */
function Mark({ name, left, events }: LaneMark & { readonly name: string }) {
  const [first] = events as [LaneMark["events"][number]];
  const names = namesOf(events);
  const [label, colour] =
    events.length === 1
      ? [
          `${nameOf(first)} ${name} at step ${first.step}: open its pattern`,
          headColour(first.head, theme.value),
        ]
      : [`${name}: ${names}; open the pattern of ${nameOf(first)}`, summaryColour(theme.value)];
  return (
    <button
      type="button"
      class={events.length === 1 ? "lane-mark" : "lane-mark is-several"}
      title={names}
      aria-label={label}
      style={{ left, background: colour }}
      onClick={() => openPattern(first, first.step)}
    />
  );
}
