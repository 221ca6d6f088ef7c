/** Why the selected step cannot be shown → what is wrong, what is whole, where to go, how to repair it. */

import { copyText } from "../../clipboard";
import { type ApiError, damagedSteps, selectStep, step, stepError, steps, tag } from "../../state";

export function StepProblem() {
  const error = stepError.value;
  if (error === null) return null;
  return (
    <div class="step-problem" role="alert">
      <h2>
        <span class="problem-sign" aria-hidden="true">
          !
        </span>
        Step {step.value} cannot be {error.damaged ? "read" : "shown"}
      </h2>
      <p>{sentence(error.details.reason ?? error.message)}</p>
      <p class="is-second">{othersText()}</p>
      <Neighbours />
      {error.damaged && <Repair error={error} />}
    </div>
  );
}

/** Steps that are not known to be damaged, without the selected one. */
function wholeSteps(): number[] {
  return steps.value.filter((each) => each !== step.value && !damagedSteps.value.has(each));
}

function othersText(): string {
  const whole = wholeSteps().length;
  if (whole === 0) return `No other step of ${tag.value} is whole.`;
  if (whole === 1) return `One other step of ${tag.value} is whole.`;
  return `The other ${whole} steps of ${tag.value} are whole.`;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

function Neighbours() {
  const here = step.value ?? 0;
  const whole = wholeSteps();
  const earlier = whole.filter((each) => each < here).at(-1);
  const later = whole.find((each) => each > here);
  if (earlier === undefined && later === undefined) return null;
  return (
    <>
      <h3>Go to</h3>
      <ul class="problem-steps">
        {earlier !== undefined && <Neighbour target={earlier} where="earlier" />}
        {later !== undefined && <Neighbour target={later} where="later" />}
      </ul>
    </>
  );
}

function Neighbour({ target, where }: { readonly target: number; readonly where: string }) {
  return (
    <li>
      <button type="button" class="link" onClick={() => selectStep(target)}>
        Step {target}
      </button>
      <span class="is-second">
        {distance(target)} {where}
      </span>
    </li>
  );
}

function distance(target: number): string {
  const apart = Math.abs(steps.value.indexOf(target) - steps.value.indexOf(step.value ?? NaN));
  return apart === 1 ? "one logged step" : `${apart} logged steps`;
}

function Repair({ error }: { readonly error: ApiError }) {
  const { path } = error.details;
  const details = `step ${step.value} of ${tag.value}\n${path ?? ""}\n${error.message}`;
  return (
    <>
      <h3>To repair it</h3>
      <p>
        Copy the file again from where it was written, or log step {step.value} again: the same step
        replaces it.
      </p>
      {path !== undefined && (
        <>
          <h3>File</h3>
          <p class="problem-path">{path}</p>
        </>
      )}
      <button type="button" class="link" onClick={() => void copyText(details)}>
        Copy details
      </button>
    </>
  );
}
