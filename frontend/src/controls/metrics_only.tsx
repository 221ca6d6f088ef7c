/** A step with head metrics alone → so it says, with the way to the nearest pattern. */

import {
  damagedSteps,
  kinds,
  selectStep,
  standaloneViews,
  step,
  stepPosition,
  steps,
  tag,
} from "../state";
import { formatStep } from "../text/format_number";

/** The closest readable step with weights, the earlier of two; null when the probe has none. */
export function nearestPattern(
  logged: readonly number[],
  kindOf: readonly string[],
  position: number,
  damaged: ReadonlySet<number>,
): number | null {
  const usable = logged.flatMap((each, at) =>
    kindOf[at] !== "metrics" && !damaged.has(each) ? [at] : [],
  );
  const closest = usable.reduce<number | null>(
    (best, at) =>
      best === null || Math.abs(at - position) < Math.abs(best - position) ? at : best,
    null,
  );
  return closest === null ? null : logged[closest]!;
}

export function MetricsOnly() {
  const nearest = nearestPattern(steps.value, kinds.value, stepPosition.value, damagedSteps.value);
  return (
    <aside class="step-problem" aria-live="polite">
      <h2>Step {formatStep(step.value)} has no patterns</h2>
      {nearest === null ? (
        <p>metrics only; {tag.value} has patterns at no step</p>
      ) : (
        <p>
          metrics only; nearest pattern:{" "}
          <button type="button" class="link" onClick={() => selectStep(nearest)}>
            step {formatStep(nearest)}
          </button>
        </p>
      )}
      <p class="second">
        {standaloneViews.value === null
          ? "Head metrics can be logged more often than patterns. "
          : "This file holds the patterns of some steps, and the head metrics of the others. "}
        They are in the sparklines and in the Evolution view.
      </p>
    </aside>
  );
}
