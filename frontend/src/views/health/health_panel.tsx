/** What may be wrong with this probe → hints, what cannot be right first, each with the way to it; and their limits. */

import { batch, useSignal } from "@preact/signals";

import type { Table } from "../../text/csv";
import { useTable } from "../../saving/exported";
import { ToolPanelFrame } from "../../controls/tool_panel";
import {
  adjustedHealth,
  compare,
  hasOwnLimits,
  health,
  hintCount,
  openBeside,
  ownLimits,
  record,
  selectStep,
  series,
  setLimit,
  shown,
  type Hint,
  definedMetrics,
  usualLimits,
} from "../../state";
import { Meaning } from "../../controls/meaning";
import { limitMeaning } from "../../text/meanings";
import { kindTitle, limitNames, lookedFor } from "./limit_names";
import { layerName } from "../../text/layer_names";
import { formatStep } from "../../text/format_number";

/** Rows at first; the rest when asked for. */
const FIRST_ROWS = 50;

/** The pattern of the first head at the first step. */
function open({ step, layer, heads }: Hint): void {
  batch(() => {
    selectStep(step);
    openBeside(layer, heads[0] ?? 0);
    compare.value = null;
  });
}

function steps({ step, last_step }: Hint): string {
  return step === last_step
    ? `step ${formatStep(step)}`
    : `steps ${formatStep(step)}–${formatStep(last_step)}`;
}

function Row({ hint }: { readonly hint: Hint }) {
  const { kind, step, layer, heads, severity } = hint;
  return (
    <li
      class={`hint is-${severity}`}
      data-kind={kind}
      data-step={step}
      data-layer={layer}
      data-heads={heads.join(",")}
      data-value={hint.value ?? ""}
    >
      <strong>
        {kindTitle(kind)}
        {severity === "error" && <span class="hint-error"> cannot be right</span>}
      </strong>
      <p>{hint.message}</p>
      <span class="hint-foot">
        {steps(hint)} · {layerName(shown(record.value)?.layers, layer).toLowerCase()}
        {heads.length > 0 && `, ${heads.length} ${heads.length === 1 ? "head" : "heads"}`}
        <button
          type="button"
          class="link"
          aria-label={`Go to step ${formatStep(step)}, layer ${layer}${heads.length > 0 ? `, head ${heads[0]}` : ""}`}
          onClick={() => open(hint)}
        >
          Go to step {formatStep(step)}
        </button>
      </span>
    </li>
  );
}

function hintsTable(): Table {
  return {
    columns: ["kind", "severity", "step", "last_step", "layer", "heads", "value", "message"],
    rows: (health.value?.hints ?? []).map((hint) => [
      ...[hint.kind, hint.severity, hint.step, hint.last_step, hint.layer],
      ...[hint.heads.join(" "), hint.value, hint.message],
    ]),
  };
}

function Hints() {
  const isWhole = useSignal(false);
  const now = health.value;
  useTable("Hints", (now?.hints.length ?? 0) === 0 ? null : hintsTable);
  const failed = hasOwnLimits.value ? adjustedHealth.value : series.value;
  if (failed.status === "error") {
    return (
      <p class="side-fault" role="alert">
        {failed.error.message}
      </p>
    );
  }
  if (now === null) {
    return (
      <p class="side-hint" aria-busy="true">
        Looking …
      </p>
    );
  }
  if (now.hints.length === 0) return <NoHints />;
  const shown = isWhole.value ? now.hints : now.hints.slice(0, FIRST_ROWS);
  return (
    <ol class="hints" aria-label="Hints">
      {shown.map((hint) => (
        <Row key={`${hint.kind} ${hint.step} ${hint.layer}`} hint={hint} />
      ))}
      {shown.length < now.hints.length && (
        <li>
          <button type="button" class="link" onClick={() => (isWhole.value = true)}>
            {now.hints.length - shown.length} more
          </button>
        </li>
      )}
    </ol>
  );
}

/** What a hint can be comes before its limits, also where there is none. */
function NoHints() {
  return (
    <>
      <p class="side-hint">Nothing in this probe is beyond the limits below.</p>
      <h3 class="small-title">Looked for, not found</h3>
      <ul class="looked-for" aria-label="Looked for, not found">
        {lookedFor(areScoresLogged()).map((kind) => (
          <li key={kind}>{kindTitle(kind)}</li>
        ))}
      </ul>
    </>
  );
}

/** While hints under new limits are on their way, the limits stay where they are. */
function Limits() {
  const limits = health.value?.limits ?? usualLimits.value ?? undefined;
  if (limits === undefined) return null;
  return (
    <section class="limits" aria-label="Limits">
      <header class="side-header">
        <h3>Limits</h3>
        {hasOwnLimits.value && (
          <button type="button" class="link" onClick={() => (ownLimits.value = {})}>
            Back to the usual ones
          </button>
        )}
      </header>
      {limitNames
        .filter(({ name }) => name in limits)
        .map(({ name, title, step }) => (
          <div key={name} class="limit">
            <span>
              <label id={`limit-name-${name}`} htmlFor={`limit-${name}`}>
                {title}
              </label>
              <Meaning about={`limit-name-${name}`} text={limitMeaning(name)} />
            </span>
            <input
              id={`limit-${name}`}
              type="number"
              min={0}
              step={step}
              value={ownLimits.value[name] ?? limits[name]}
              onChange={(event) => {
                const value = event.currentTarget.valueAsNumber;
                if (value >= 0) setLimit(name, value);
                else event.currentTarget.value = String(limits[name]);
              }}
            />
          </div>
        ))}
    </section>
  );
}

const areScoresLogged = (): boolean => definedMetrics.value.includes("max_score");

/** Limits of scores say nothing where there are none. */
function NoScores() {
  if (definedMetrics.value.length === 0 || areScoresLogged()) return null;
  return (
    <p class="side-hint">
      Weights alone do not tell the scores; of what <code>add_probe</code> logs they are watched
      too.
    </p>
  );
}

export function HealthPanel() {
  const hints = health.value?.hints;
  return (
    <ToolPanelFrame
      title="Hints"
      aside={hints && <span class="hint-total">{hintCount(hints)} in this probe</span>}
    >
      <Hints />
      <Limits />
      <NoScores />
      <p class="side-hint">
        What cannot be right stands first, then by first step. A hint says what accompanies a step,
        not what it comes from. Faults (NaN, rows, masks) need no limit.
      </p>
    </ToolPanelFrame>
  );
}
