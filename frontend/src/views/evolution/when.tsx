/** Lasting changes and the run's scalar → "When" under the grid: lanes of heads and the scalar's curve on one step axis. */

import {
  shownScalar,
  ScalarCurve,
  ScalarReading,
  ScalarSelect,
} from "../../parts/chart/scalar_chart";
import { StepTicks } from "../../parts/chart/chart_frame";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { placeOf } from "../../draw/step_axis";
import { hoverStep, step } from "../../state";
import { EventLanes } from "./event_lanes";
import { Legend } from "./legend";
import { axis, isMap, lanes, layout, when } from "./scene";
import { LANE, LANES_GAP, STEPS, WHEN_HEAD, type WhenRoom } from "./when_room";
import { later } from "../later";

const WhenHistogram = later((parts) => parts.WhenHistogram);

/** At the left and the right of the column. */
const PADDING = 32;
/** Below it the legend has all of the title's line. */
const ROOM_FOR_WORDS = 880;
/** Left of the axis, for names; a narrow column has less. */
const NAMES = { wide: 140, narrow: 122, from: 560 } as const;
/** The last step's number stands under the end of the axis. */
const END = 14;

export function When() {
  const room = when.value;
  if (room === null) return null;
  if (isMap.value)
    return (
      <div class="when-part" style={{ height: room.height }}>
        <WhenHistogram />
      </div>
    );
  const width = viewSize.value.width - layout.value.panel - PADDING;
  const gutter = { left: width < NAMES.from ? NAMES.narrow : NAMES.wide, right: END };
  const plot = { left: gutter.left, width: width - gutter.left - gutter.right };
  return (
    <section class="when-part" aria-label="When" style={{ height: room.height }}>
      <header style={{ height: WHEN_HEAD }}>
        <h2>When</h2>
        {width >= ROOM_FOR_WORDS && <Words hasScalar={room.plot > 0} />}
        <Legend />
      </header>
      <div class="when-body" style={{ width }}>
        <EventLanes lanes={lanes.value} axis={axis.value} plot={plot} isBeside />
        {lanes.value.length > 0 && <LaneSteps plot={plot} />}
        <Scalar room={room} width={width} gutter={gutter} />
      </div>
    </section>
  );
}

function Words({ hasScalar }: { readonly hasScalar: boolean }) {
  const found = shownScalar();
  const tag = found.status === "ready" ? found.series.tag : "a scalar of the run";
  const hasLanes = lanes.value.length > 0;
  const subjects = [...(hasLanes ? ["lasting changes"] : []), ...(hasScalar ? [tag] : [])];
  const words = subjects.join(" and ") + (hasLanes ? "; click a pill: its pattern" : "");
  return <p title={`${words}; one step axis for all`}>{words}</p>;
}

interface ScalarProps {
  readonly room: WhenRoom;
  readonly width: number;
  readonly gutter: { readonly left: number; readonly right: number };
}

function Scalar({ room: { plot }, width, gutter }: ScalarProps) {
  const found = shownScalar();
  const height = plot + STEPS;
  const steps = { axis: axis.value, width, height, gutter, hasStepLabels: true, isFlush: true };
  if (plot === 0 || found.status !== "ready")
    return (
      <div class="step-chart" style={{ width, height }}>
        <StepTicks picture={{ ...steps, lines: [], scale: { least: 0, most: 1 } }} />
        {found.status === "error" && (
          <p class="scalar-none">TensorBoard’s scalars cannot be read.</p>
        )}
      </div>
    );
  return (
    <>
      <div class="when-scalar" style={{ width: gutter.left - 34 }}>
        <ScalarSelect tags={found.tags} value={found.series.tag} />
        <span>faint: as logged</span>
        <ScalarReading series={found.series} />
      </div>
      <ScalarCurve series={found.series} {...steps} />
    </>
  );
}

/** The slider's step and the pointed one through all lanes, as in the plot below. */
function LaneSteps({ plot }: { readonly plot: { readonly left: number; readonly width: number } }) {
  const height = lanes.value.length * LANE + LANES_GAP;
  const at = (each: number) => plot.left + placeOf(axis.value, each) * plot.width;
  const { first, last } = axis.value;
  const [present, pointed] = [step.value, hoverStep.value];
  const isShown = present !== null && present >= first && present <= last;
  return (
    <>
      {isShown && <i class="when-step" style={{ left: at(present), height }} />}
      {pointed !== null && <i class="when-pointer" style={{ left: at(pointed), height }} />}
    </>
  );
}
