/** Lasting changes → one lane for each thing that heads became, a pill for each head at its step, on a chart's axis. */

import { headColour, inkOn, rgbOf, summaryColour } from "../../draw/colour";
import { placeOf, type StepAxis } from "../../draw/step_axis";
import { theme } from "../../state";
import { openPattern } from "./open_pattern";
import { nameOf } from "./heads_chart";
import { pillsOf, type Lane, type Pill } from "./lanes";
import { LANE } from "./when_room";
import { formatStep } from "../../text/format_number";

/** Of a lane with its name over its pills. */
export const NAMED_LANE = 38;

export interface EventLanesProps {
  readonly lanes: readonly Lane[];
  readonly axis: StepAxis;
  /** Of the axis on the page: where it starts, and how long it is. */
  readonly plot: { readonly left: number; readonly width: number };
  /** Names stand left of the axis, else over the pills. */
  readonly isBeside: boolean;
}

export function EventLanes({ lanes, axis, plot, isBeside }: EventLanesProps) {
  const row = {
    width: plot.width,
    placeOf: (step: number) => placeOf(axis, step) * plot.width,
    nameOf,
  };
  const style = {
    height: isBeside ? LANE : NAMED_LANE,
    marginLeft: plot.left,
    width: plot.width,
  };
  return (
    <ul
      class={isBeside ? "event-lanes is-beside" : "event-lanes"}
      aria-label="What heads became, over the steps"
    >
      {lanes.map(({ name, events }) => (
        <li key={name} style={style}>
          <span
            class="lane-name"
            title={name}
            {...(isBeside && { style: { left: -plot.left, width: plot.left - 8 } })}
          >
            {name}
          </span>
          {pillsOf(events, row).map((pill) => (
            <EventPill key={nameOf(pill.events[0]!)} lane={name} pill={pill} />
          ))}
        </li>
      ))}
    </ul>
  );
}

/** More names than these are counted. */
const MOST_NAMED = 12;

/** "2.3, 2.5 at step 40, 4.1 at step 45". */
function namesOf(events: Pill["events"]): string {
  const bySteps = Map.groupBy(events.slice(0, MOST_NAMED), ({ step }) => step);
  const named = [...bySteps].map(
    ([step, heads]) =>
      `${heads.map((each) => nameOf(each)).join(", ")} at step ${formatStep(step)}`,
  );
  const rest = events.length - MOST_NAMED;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}

/** Of several heads in no head's colour; a press opens the first. */
function EventPill({ lane, pill }: { readonly lane: string; readonly pill: Pill }) {
  const { events, text, left, width, ticks } = pill;
  const first = events[0]!;
  const isOne = events.length === 1;
  const names = namesOf(events);
  const label = isOne
    ? `${text} ${lane} at step ${formatStep(first.step)}: open its pattern`
    : `${lane}: ${names}; open the pattern of ${nameOf(first)}`;
  const background = isOne ? headColour(first.head, theme.value) : summaryColour(theme.value);
  return (
    <>
      {ticks.map((at) => (
        <i key={at} class="lane-tick" style={{ left: at }} />
      ))}
      <button
        type="button"
        class="lane-pill"
        title={names}
        aria-label={label}
        style={{ left, width, background, color: inkOn(rgbOf(background)) }}
        onClick={() => openPattern(first, first.step)}
      >
        {text}
      </button>
    </>
  );
}
