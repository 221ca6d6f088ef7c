/** More than two ticked runs → a column for each beside A: a head's change as a small picture with its number; a press makes the run B. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { RunDot } from "../../controls/run_list";
import type { Comparison, HeadChange } from "../../decoding/comparison";
import { drawDifferences } from "../../draw/differences";
import { SmallPattern } from "../../parts/small_pattern";
import {
  columnRuns,
  columnsElsewhere,
  compared,
  FOLD_WIDTH,
  frameWidth,
  rivalComparisons,
  rivalProblems,
  rivalRuns,
  run,
  runPrefix,
  runs,
  selectRun,
} from "../../state";
import { formatStep, formatWeight } from "../../text/format_number";
import { changeInk, codesOf, shownComparison } from "./scene";

interface RunColumn {
  readonly name: string;
  /** null: not here yet, or not comparable. */
  readonly of: Comparison | null;
}

/** In the order of the runs, so that none moves when another becomes B; none for two runs. */
export const runColumns: ReadonlySignal<readonly RunColumn[]> = computed(() => {
  const others = new Set(columnRuns.value);
  if (others.size === 0) return [];
  return runs.value
    .filter((name) => name === run.value || others.has(name))
    .map((name) => ({
      name,
      of: name === run.value ? shownComparison.value : (rivalComparisons.value.get(name) ?? null),
    }));
});

/** With more of them a column is too narrow for a number. */
const MOST_NUMBERS = 4;
const SIDES = { wide: 40, narrow: 24 };

const hasNumbers = (): boolean => runColumns.value.length <= MOST_NUMBERS;

function sideOf(): number {
  return hasNumbers() && frameWidth.value >= FOLD_WIDTH ? SIDES.wide : SIDES.narrow;
}

/** Runs differ at the end of their names as often as at the start. */
const LONGEST = 7;
const END = 5;

/** Of a long one the end stays, as runs of one name differ there. */
function ColumnName({ name }: { readonly name: string }) {
  if (name.length <= LONGEST) return <bdi>{name}</bdi>;
  return (
    <>
      <bdi>{name.slice(0, -END)}</bdi>
      <bdi class="is-end">{name.slice(-END)}</bdi>
    </>
  );
}

export function RunNames() {
  return (
    <div
      class="change-head has-runs"
      style={{ "--runs": runColumns.value.length }}
      role="group"
      aria-label={`Runs against ${compared.value?.run ?? "A"}`}
    >
      <span>against A</span>
      {runColumns.value.map(({ name }) => (
        <button
          key={name}
          type="button"
          class="run-column"
          title={name === run.value ? `${name} is B` : `${name}: make it B`}
          aria-label={name}
          aria-pressed={name === run.value}
          onClick={() => selectRun(name)}
        >
          <RunDot name={name} />
          {hasNumbers() && <ColumnName name={name.slice(runPrefix.value.length)} />}
        </button>
      ))}
    </div>
  );
}

function RunChange({ column: { name, of }, row }: { column: RunColumn; row: HeadChange }) {
  const { layer, head } = row;
  const codes = useMemo(() => (of === null ? null : codesOf(of, layer, head)), [of, layer, head]);
  const change = of?.head(layer, head).change ?? NaN;
  const elsewhere = columnsElsewhere.value.get(name);
  const where = elsewhere === undefined ? name : `${name} at step ${formatStep(elsewhere)}`;
  return (
    <span
      class={name === run.value ? "run-change is-b" : "run-change"}
      title={Number.isNaN(change) ? undefined : `${where}: JSD ${formatWeight(change, 3)}`}
      data-run={name}
      data-change={change}
    >
      <SmallPattern
        codes={codes}
        colours={changeInk.value}
        side={sideOf()}
        draw={drawDifferences}
      />
      {hasNumbers() && !Number.isNaN(change) && (change === 0 ? "0" : formatWeight(change))}
    </span>
  );
}

export function RunChanges({ row }: { readonly row: HeadChange }) {
  return (
    <>
      {runColumns.value.map((column) => (
        <RunChange key={column.name} {...{ column, row }} />
      ))}
    </>
  );
}

export function ColumnsHint() {
  const elsewhere = [...columnsElsewhere.value].map(([name, at]) => `${name} ${at}`);
  const rest = rivalRuns.value.length - columnRuns.value.length - 1;
  return (
    <p class="side-hint">
      A column a run, its number the JSD to A. Press a run’s name: it becomes B.
      {elsewhere.length > 0 && ` Of another step: ${elsewhere.join(", ")}.`}
      {rest > 0 && ` ${rest} more ticked ${rest === 1 ? "run has" : "runs have"} no column.`}
      {[...rivalProblems.value].map(([name, why]) => (
        <span key={name} class="evolution-warning">
          {" "}
          Not compared: {name}. {why}
        </span>
      ))}
    </p>
  );
}
