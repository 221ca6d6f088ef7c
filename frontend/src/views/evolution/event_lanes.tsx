/** Lasting changes → one lane for each thing that heads became, a mark for each head at its step, on the charts' axis. */

import { headColour } from "../../draw/colour";
import { placeOf, type StepAxis } from "../../draw/step_axis";
import { theme } from "../../state";
import { plotBox } from "../../parts/chart/step_chart";
import { openPattern } from "./evolution_grid";
import { nameOf } from "./heads_chart";
import type { Lane } from "./lanes";

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
          {events.map((event) => (
            <button
              key={`${event.layer}.${event.head}`}
              type="button"
              class="lane-mark"
              title={`${nameOf(event)} at step ${event.step}`}
              aria-label={`${nameOf(event)} ${name} at step ${event.step}: open its pattern`}
              style={{
                left: placeOf(axis, event.step) * plot.width,
                background: headColour(event.head, theme.value),
              }}
              onClick={() => openPattern(event, event.step)}
            />
          ))}
        </li>
      ))}
    </ul>
  );
}
