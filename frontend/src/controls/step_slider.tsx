/** The logged steps → a native range with a tick for each, its positions equally far apart. */

import { useComputed } from "@preact/signals";

import {
  damagedSteps,
  dragging,
  hoverStep,
  isComparing,
  kinds,
  record,
  selectStep,
  stepError,
  stepPosition,
  steps,
} from "../state";
import { ChangeCounts } from "./change_counts";
import { ComparedThumb } from "./compared_step";
import { DamagedThumb } from "./icons";

/** More ticks than this would run into one another; then they stand at every 2nd, 5th, 10th … step. */
const MOST_TICKS = 120;

/** Positions of the ticks: every one, or evenly thinned. */
export function tickPositions(count: number): number[] {
  const stride = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find(
    (each) => count / each <= MOST_TICKS,
  );
  const step = stride ?? Math.ceil(count / MOST_TICKS);
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}

const share = (position: number, count: number): number =>
  count > 1 ? (100 * position) / (count - 1) : 0;

function Ticks() {
  const count = steps.value.length;
  const bad = damagedSteps.value;
  const isHollow = (position: number): boolean => kinds.value[position] === "metrics";
  const damaged = steps.value.flatMap((step, position) => (bad.has(step) ? [position] : []));
  const line = (position: number): string => `M${share(position, count)} 0v5`;
  return (
    <svg class="ticks" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true">
      <path
        class="tick"
        d={tickPositions(count)
          .filter((position) => !isHollow(position))
          .map(line)
          .join("")}
      />
      <path class="tick damaged" d={damaged.map(line).join("")} />
    </svg>
  );
}

/** Steps with head metrics alone. */
function HollowTicks() {
  const count = steps.value.length;
  const hollow = tickPositions(count).filter((position) => kinds.value[position] === "metrics");
  return (
    <>
      {hollow.map((position) => (
        <i key={position} class="tick-hollow" style={{ left: `${share(position, count)}%` }} />
      ))}
    </>
  );
}

/** The step that is pointed at in a picture of steps. */
function PointedStep() {
  const position = hoverStep.value === null ? -1 : steps.value.indexOf(hoverStep.value);
  if (position === -1) return null;
  return <i class="pointed-step" style={{ left: `${share(position, steps.value.length)}%` }} />;
}

export function StepSlider() {
  const count = steps.value.length;
  const position = Math.max(0, stepPosition.value);
  const filled = `${share(position, count)}%`;
  const damaged = useComputed(
    () =>
      stepError.value?.damaged === true ||
      (record.value.status === "error" && !record.value.error.passing),
  );
  return (
    <div
      class={isComparing.value ? "step-slider is-comparing" : "step-slider"}
      style={{ "--filled": filled }}
    >
      <Ticks />
      <HollowTicks />
      <ChangeCounts />
      <input
        class="range"
        type="range"
        aria-label="Step"
        aria-valuetext={`Step ${steps.value[position] ?? "none"}, ${position + 1} of ${count}`}
        min={0}
        max={Math.max(0, count - 1)}
        step={1}
        value={position}
        disabled={count === 0}
        onInput={(event) => {
          const wanted = steps.value[event.currentTarget.valueAsNumber];
          if (wanted !== undefined) selectStep(wanted);
        }}
        onPointerDown={() => (dragging.value = true)}
        onPointerUp={() => (dragging.value = false)}
        onPointerCancel={() => (dragging.value = false)}
        onLostPointerCapture={() => (dragging.value = false)}
        onChange={() => (dragging.value = false)}
      />
      <PointedStep />
      {isComparing.value && <ComparedThumb />}
      {damaged.value && (
        <span class="damaged-thumb">
          <DamagedThumb />
        </span>
      )}
    </div>
  );
}
