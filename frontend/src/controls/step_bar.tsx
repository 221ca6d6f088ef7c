/** Which run, which probe, which step: one line, always at the same place, over what it governs. */

import {
  isComparing,
  playing,
  record,
  step,
  stepPosition,
  steps,
  togglePlay,
  wallTimes,
} from "../state";
import { ComparedText } from "./compared_step";
import { PauseIcon, PlayIcon } from "./icons";
import { PlaceMenu } from "./place_menu";
import { StepSlider } from "./step_slider";
import { fullTime, shortTime } from "./step_time";
import { formatStep } from "../text/format_number";

function wallTime(): number | null {
  const now = record.value;
  if (now.status === "ready") return now.value.wall_time;
  return wallTimes.value[stepPosition.value] ?? null;
}

function StepText() {
  const count = steps.value.length;
  const widest = `${steps.value.at(-1) ?? ""}`.length;
  const seconds = wallTime();
  return (
    <div class="step-text" title={seconds === null ? "" : fullTime(seconds)}>
      <span class="step-number" style={{ minWidth: `${widest + 4}ch` }}>
        Step {formatStep(step.value)}
      </span>
      <span class="step-place">
        {stepPosition.value + 1} of {count}
        {seconds !== null && ` · ${shortTime(seconds, new Date())}`}
      </span>
    </div>
  );
}

export function StepBar() {
  const name = playing.value ? "Pause" : "Play";
  return (
    <div class="step-bar">
      <PlaceMenu />
      <button
        type="button"
        class="play"
        aria-label={name}
        title={name}
        disabled={steps.value.length < 2}
        onClick={togglePlay}
      >
        {playing.value ? <PauseIcon /> : <PlayIcon />}
      </button>
      <StepSlider />
      {isComparing.value ? <ComparedText /> : <StepText />}
    </div>
  );
}
