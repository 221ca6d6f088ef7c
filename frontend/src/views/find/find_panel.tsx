/** A pattern → every head of every layer by its weight on it, now and over all steps. */

import { capital } from "../../text/metric_names";
import { batch, useSignal } from "@preact/signals";

import { QuantitySwitch } from "../../controls/quantity_switch";
import { Range } from "../../controls/range";
import { useTable } from "../../saving/exported";
import { ToolPanelFrame } from "../../controls/tool_panel";
import { formatStep, formatWeight } from "../../text/format_number";
import {
  findPattern,
  findThreshold,
  head,
  isMetricsOnly,
  isSearched,
  key,
  layer,
  openHead,
  query,
  record,
  search,
  shown,
  step,
  steps,
  theme,
  isContribution,
  quantityName,
  quantityText,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { foundTable } from "./found_csv";
import { FoundSpark } from "./found_spark";
import { overSteps, rankedHeads } from "./found_series";
import { PatternForm } from "./pattern_form";
import { patternTitle } from "./pattern_names";
import { SearchProgress } from "./progress";
import { firstPassed, type RankedHead } from "./ranking";
import { layerName, layerShort } from "../../text/layer_names";

/** Rows at first; the rest when asked for. */
const FIRST_ROWS = 40;

/** The head, with the pattern's query pinned where it is one token. */
function open({ layer: at, head: number }: RankedHead): void {
  const pattern = findPattern.value;
  batch(() => {
    if (pattern !== null && "pair" in pattern) {
      const queries = pattern.pair.query;
      query.value = queries.length === 1 ? queries[0]! : null;
      key.value = null;
    }
    openHead(at, number);
  });
}

/** A region of many keys has little in each query. */
function shownWeight(weight: number): string {
  return formatWeight(weight, weight >= 0.01 || weight === 0 ? 2 : 4);
}

function Row({ row }: { readonly row: RankedHead }) {
  const over = overSteps.value!;
  const layers = shown(record.value)?.layers;
  const number = headNumber(layers?.[row.layer], row.head);
  const since = firstPassed(over, row.layer, row.head, findThreshold.value);
  const isSelected = row.layer === layer.value && row.head === head.value;
  const sinceText = since === null ? "never" : `from step ${formatStep(since)}`;
  return (
    <li>
      <button
        type="button"
        class="found-row"
        aria-current={isSelected ? "true" : undefined}
        title={`${layerName(layers, row.layer)} head ${number}, ${sinceText} at least ${formatWeight(findThreshold.value)}`}
        data-head={`${row.layer}.${row.head}`}
        data-weight={row.weight}
        data-since={since ?? ""}
        onClick={() => open(row)}
      >
        <b>
          {layerShort(layers, row.layer)}.{number}
        </b>
        <span>{shownWeight(row.weight)}</span>
        <span class="change-bar">
          <i style={{ width: `${100 * Math.min(1, row.weight)}%` }} />
        </span>
        <FoundSpark
          over={over}
          layer={row.layer}
          head={row.head}
          span={[steps.value[0] ?? 0, steps.value.at(-1) ?? 0]}
          step={step.value ?? 0}
          threshold={findThreshold.value}
          theme={theme.value}
        />
        <span class="found-since">{formatStep(since)}</span>
      </button>
    </li>
  );
}

function Ranking() {
  const isWhole = useSignal(false);
  const rows = rankedHeads.value;
  useTable("Heads found", rows.length === 0 ? null : foundTable);
  if (overSteps.value === null || rows.length === 0) return <Nothing />;
  const shownRows = isWhole.value ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <>
      <div class="found-head" aria-hidden="true">
        <span>Head</span>
        <span class="found-now">step {formatStep(step.value)}</span>
        <span>over steps</span>
        <span class="found-since">≥ {formatWeight(findThreshold.value)} at</span>
      </div>
      <ol class="found-rows" aria-label={`Heads by ${searchedName()}`}>
        {shownRows.map((row) => (
          <Row key={`${row.layer}.${row.head}`} row={row} />
        ))}
        {shownRows.length < rows.length && (
          <li>
            <button type="button" class="link" onClick={() => (isWhole.value = true)}>
              {rows.length - shownRows.length} more
            </button>
          </li>
        )}
      </ol>
    </>
  );
}

/** Why there is no list. */
function Nothing() {
  const pattern = findPattern.value;
  const { status } = search.value;
  if (status === "error") return null;
  if (pattern === null || (!isSearched(pattern) && "pair" in pattern))
    return (
      <p class="side-hint">
        Pick a token on both sides, or a template above: every head of every layer is ranked by its{" "}
        {quantityName.value} on it.
      </p>
    );
  if ("tracked" in pattern) return <p class="side-hint">This probe does not track that pair.</p>;
  if (isMetricsOnly.value || status === "done" || status === "stopped")
    return (
      <p class="side-hint">
        Step {formatStep(step.value)} has no patterns to search. Choose another step.
      </p>
    );
  return (
    <p class="side-hint" aria-busy="true">
      Searching …
    </p>
  );
}

function Legend() {
  if (rankedHeads.value.length === 0) return null;
  const uniform = overSteps.value?.uniform(rankedHeads.value[0]!.layer) ?? NaN;
  const isTracked = findPattern.value !== null && "tracked" in findPattern.value;
  return (
    <p class="side-hint">
      {capital(isTracked || !isContribution.value ? "weight" : quantityText.value)}: mean over the
      pattern’s queries of the sum over its keys, 0–1
      {isTracked && ", as measured when logging"}. Line: the same over all steps; dashes: the
      threshold; mark: step {formatStep(step.value)}.
      {Number.isFinite(uniform) && ` Uniform attention: ${formatWeight(uniform, 3)}.`}
    </p>
  );
}

/** A tracked pair was measured when logging, of weights. */
function searchedName(): string {
  const pattern = findPattern.value;
  return pattern !== null && "tracked" in pattern ? "weight" : quantityName.value;
}

export function FindPanel() {
  const pattern = findPattern.value;
  return (
    <ToolPanelFrame title="Find head">
      <PatternForm />
      <div class="find-quantity">
        <QuantitySwitch />
      </div>
      {pattern !== null && !("pair" in pattern && !isSearched(pattern)) && (
        <>
          <h3 class="found-title">
            {"pair" in pattern
              ? patternTitle(pattern, shown(record.value))
              : `Every head, by ${searchedName()}`}
          </h3>
          <Range
            label="First step at or above"
            meaning="The column at the right has the first step at which a head’s score reaches this."
            value={findThreshold.value}
            min={0.05}
            max={1}
            step={0.05}
            onChange={(value) => (findThreshold.value = value)}
          />
        </>
      )}
      <SearchProgress />
      <Ranking />
      <Legend />
    </ToolPanelFrame>
  );
}
