/** A step that cannot be shown → what is wrong, what is whole, where to go, how to repair it. */

import {
  damagedSteps,
  selectStep,
  series,
  shown,
  step,
  stepPosition,
  steps,
  tag,
  type ApiError,
} from "../state";
import { CopyButton } from "./copy_button";
import { DamageIcon } from "./icons";
import { formatStep } from "../text/format_number";
import { sentence } from "../text/sentence";

export interface StepProblemProps {
  error: ApiError;
  retry: () => void;
}

/** The nearest readable step on one side, and how many logged steps away it is. */
export function neighbour(
  logged: readonly number[],
  position: number,
  damaged: ReadonlySet<number>,
  way: 1 | -1,
): { step: number; distance: number } | null {
  for (let at = position + way; at >= 0 && at < logged.length; at += way)
    if (!damaged.has(logged[at]!)) return { step: logged[at]!, distance: Math.abs(at - position) };
  return null;
}

/** "The other 24 steps of doctor/she are whole." */
export function wholeText(others: number, damagedOthers: number, name: string): string {
  const whole = others - damagedOthers;
  if (others === 0) return `It is the only step of ${name}.`;
  if (whole === 0) return `None of the other steps of ${name} can be read.`;
  const verb = whole === 1 ? "is" : "are";
  if (whole < others) return `Of the other ${others} steps of ${name}, ${whole} ${verb} whole.`;
  return others === 1
    ? `The other step of ${name} is whole.`
    : `The other ${others} steps of ${name} are whole.`;
}

const awayText = (distance: number, word: string): string =>
  distance === 1 ? `one logged step ${word}` : `${distance} logged steps ${word}`;

function GoTo() {
  const ways = [
    { way: -1, word: "earlier" },
    { way: 1, word: "later" },
  ] as const;
  const found = ways.flatMap(({ way, word }) => {
    const to = neighbour(steps.value, stepPosition.value, damagedSteps.value, way);
    return to === null ? [] : [{ ...to, word }];
  });
  if (found.length === 0) return null;
  return (
    <section>
      <h3>Go to</h3>
      <ul>
        {found.map(({ step: to, distance, word }) => (
          <li key={word}>
            <button type="button" class="link" onClick={() => selectStep(to)}>
              Step {formatStep(to)}
            </button>
            <span>{awayText(distance, word)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Whole() {
  if (shown(series.value) === undefined) return null;
  const bad = [...damagedSteps.value].filter((each) => each !== step.value).length;
  return <p class="second">{wholeText(steps.value.length - 1, bad, tag.value ?? "")}</p>;
}

function Repair({ error }: { error: ApiError }) {
  if (error.code === "newer_format")
    return (
      <section>
        <h3>To read it</h3>
        <p>Upgrade tensorboard-plugin-attn where TensorBoard runs.</p>
      </section>
    );
  return (
    <section>
      <h3>To repair it</h3>
      <p>
        Copy the file again from where it was written, or log step {formatStep(step.value)} again:
        the same step replaces it.
      </p>
    </section>
  );
}

function details(error: ApiError): string {
  return JSON.stringify(
    {
      tag: tag.value,
      step: step.value,
      code: error.code,
      message: error.message,
      ...error.details,
    },
    null,
    2,
  );
}

/** May be broken after each "/". */
function breakable(path: string) {
  return path.split(/(?<=\/)/).map((part, i) => (
    <span key={i}>
      {part}
      <wbr />
    </span>
  ));
}

function File({ error }: { error: ApiError }) {
  const { path } = error.details;
  return (
    <section>
      {path !== undefined && <h3>File</h3>}
      {path !== undefined && <p class="path">{breakable(path)}</p>}
      <CopyButton name="Copy details" text={() => details(error)} />
    </section>
  );
}

export function StepProblem({ error, retry }: StepProblemProps) {
  const { damaged } = error;
  return (
    <aside class="step-problem" aria-live="assertive">
      <h2>
        {!error.passing && <DamageIcon size={16} />}
        Step {formatStep(step.value)} cannot be{" "}
        {damaged ? "read" : error.passing ? "read now" : "loaded"}
      </h2>
      <p>{sentence(error.details.reason ?? error.message)}</p>
      {damaged && <Whole />}
      {!damaged && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
      {damaged && <GoTo />}
      {damaged && <Repair error={error} />}
      {damaged && <File error={error} />}
    </aside>
  );
}
