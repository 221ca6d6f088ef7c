/** The runs → rows with check box, name, number of steps and colour, filtered by a regular expression. */

import { runColour } from "../draw/colour";
import {
  index,
  run,
  runFilter,
  runNumber,
  runs,
  selectRun,
  theme,
  toggleRun,
  visibleRuns,
  type RunIndex,
} from "../state";
import { SearchIcon } from "./icons";

/** null: the text is no regular expression, and is then looked for as it stands. */
export function filterPattern(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}

export function matchingRuns(names: readonly string[], text: string): string[] {
  const pattern = filterPattern(text);
  return names.filter((name) => (pattern === null ? name.includes(text) : pattern.test(name)));
}

/** Of the run's probe with the most. */
export function stepCount(listing: RunIndex | null, name: string): number {
  return Math.max(0, ...Object.values(listing?.[name] ?? {}).map(({ steps }) => steps.length));
}

export const stepsText = (count: number): string => (count === 1 ? "1 step" : `${count} steps`);

export function RunDot({ name }: { name: string }) {
  const colour = runColour(runNumber(name), theme.value);
  return <span class="run-dot" style={{ background: colour }} />;
}

export function RunFilter() {
  const wrong = filterPattern(runFilter.value) === null;
  return (
    <label class="run-filter">
      <SearchIcon />
      <input
        type="search"
        placeholder="Filter runs (regex)"
        aria-label="Filter runs (regex)"
        aria-invalid={wrong}
        title={wrong ? "Not a regular expression: looked for as it stands" : ""}
        value={runFilter.value}
        onInput={(event) => (runFilter.value = event.currentTarget.value)}
      />
    </label>
  );
}

function RunRow({ name }: { name: string }) {
  const ticked = visibleRuns.value.has(name);
  const last = ticked && visibleRuns.value.size === 1;
  return (
    <li class="run-row" data-selected={name === run.value}>
      <input
        type="checkbox"
        aria-label={`Offer ${name}`}
        checked={ticked}
        disabled={last}
        onChange={() => toggleRun(name)}
      />
      <button
        type="button"
        aria-current={name === run.value}
        title={name}
        onClick={() => selectRun(name)}
      >
        <span class="name">{name}</span>
        <span class="count">{stepsText(stepCount(index.value, name))}</span>
        <RunDot name={name} />
      </button>
    </li>
  );
}

export function RunList() {
  const found = matchingRuns(runs.value, runFilter.value);
  const all = runs.value.length;
  return (
    <section class="pane-section" aria-label="Runs">
      <h2>
        Runs
        {all > 0 && (
          <span class="count">
            {visibleRuns.value.size} of {all}
          </span>
        )}
      </h2>
      {index.value !== null && all === 0 && <p class="nothing">none yet</p>}
      {all > 0 && found.length === 0 && <p class="nothing">no run matches</p>}
      <ul>
        {found.map((name) => (
          <RunRow key={name} name={name} />
        ))}
      </ul>
    </section>
  );
}
