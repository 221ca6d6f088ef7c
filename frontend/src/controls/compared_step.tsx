/** Record A of a comparison → its thumb on the step slider, the letters on both, and the two steps in words. */

import {
  comparableSteps,
  compare,
  compared,
  compareProblem,
  nearestOf,
  run,
  runPrefix,
  step,
  stepPosition,
  steps,
  tag,
} from "../state";
import { RunDot } from "./run_list";
import { formatStep } from "../text/format_number";

const percent = (position: number, count: number): number =>
  count > 1 ? (100 * position) / (count - 1) : 0;

/** Where a step of A stands among B's: between its neighbours, if B has no such step. */
export function positionOfStep(wanted: number, all: readonly number[]): number {
  const after = all.findIndex((each) => each >= wanted);
  if (after === -1) return Math.max(0, all.length - 1);
  if (after === 0 || all[after] === wanted) return after;
  const [low, high] = [all[after - 1]!, all[after]!];
  return after - 1 + (wanted - low) / (high - low);
}

/** The step of A that is meant by moving its thumb to a position of B's: never the one it stands on. */
export function stepAtPosition(
  position: number,
  all: readonly number[],
  known: readonly number[],
  now: number,
): number {
  const at = Math.min(all.length - 1, Math.max(0, Math.floor(position)));
  const wanted = all[at]! + (position - at) * ((all[at + 1] ?? all[at]!) - all[at]!);
  const isForward = wanted > now;
  const ahead = known.filter((each) => (isForward ? each > now : each < now));
  return nearestOf(ahead, wanted) ?? now;
}

/** Both thumbs' letters; A can be dragged and has arrow keys of its own. */
export function ComparedThumb() {
  const all = comparableSteps.value;
  const at = compared.value;
  if (at === null) return null;
  const count = steps.value.length;
  const position = positionOfStep(at.step, steps.value);
  const place = percent(position, count);
  const now = percent(Math.max(0, stepPosition.value), count);
  const isTogether = place === now;
  const span = {
    left: `${Math.min(place, now)}%`,
    width: `${Math.abs(now - place)}%`,
  };
  return (
    <>
      <i class="compared-span" style={span} />
      <input
        class={isTogether ? "range compared-range is-together" : "range compared-range"}
        type="range"
        aria-label="Compared step"
        aria-valuetext={`A, step ${at.step} of ${at.run}, ${at.tag}`}
        min={0}
        max={Math.max(0, count - 1)}
        step={Number.isInteger(position) ? 1 : "any"}
        value={position}
        onInput={({ currentTarget }) => {
          const wanted = stepAtPosition(currentTarget.valueAsNumber, steps.value, all, at.step);
          compare.value = wanted;
          currentTarget.value = String(positionOfStep(wanted, steps.value));
        }}
      />
      <b
        class={isTogether ? "thumb-letter is-together" : "thumb-letter"}
        style={{ left: `${place}%` }}
        aria-hidden="true"
      >
        A
      </b>
      <b class="thumb-letter is-b" style={{ left: `${now}%` }} aria-hidden="true">
        B
      </b>
    </>
  );
}

/** What differs between A and B beside the step. */
function otherPlace(): string {
  const at = compared.value;
  if (at === null) return "";
  if (at.run !== run.value) return `${at.run} → ${run.value}`;
  return at.tag === tag.value ? "same run" : `${at.tag} → ${tag.value}`;
}

function Runs({ a, b }: { readonly a: string; readonly b: string }) {
  return (
    <>
      <RunDot name={a} letter="A" />
      <bdi>{a.slice(runPrefix.value.length)}</bdi>→
      <RunDot name={b} letter="B" />
      <bdi>{b.slice(runPrefix.value.length)}</bdi>
    </>
  );
}

export function ComparedText() {
  const at = compared.value;
  const isOneStep = at?.step === step.value;
  const ofRuns = at !== null && at.run !== run.value;
  return (
    <div class="step-text is-compared" title={compareProblem.value ?? otherPlace()}>
      <span class={ofRuns ? "step-place compared-runs" : "step-place"}>
        {ofRuns ? <Runs a={at.run} b={run.value ?? ""} /> : <bdi>{otherPlace()}</bdi>}
      </span>
      <span class="step-number">
        Step{" "}
        {at === null || isOneStep
          ? formatStep(step.value)
          : `${formatStep(at.step)} → ${formatStep(step.value)}`}
      </span>
    </div>
  );
}
