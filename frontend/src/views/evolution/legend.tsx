/** What the grid shows → the explanation of every mark in it. */

import { runColour } from "../../draw/colour";
import { MOST_BANDS, type GroupHistories } from "../../draw/group_histories";
import { formatStep, formatValue } from "../../text/format_number";
import {
  hoverStep,
  run,
  showBaseline,
  showMarks,
  shownMetric,
  step,
  steps,
  theme,
} from "../../state";
import { LegendBox } from "../../parts/heads_grid/legend_box";
import { inUnit } from "../../text/metric_names";
import { MapLegend } from "../model/map_legend";
import { namesOf, shortRun } from "./run_names";
import { baselineOf, groups, isMap, main, markLimit, others, shapes } from "./scene";

export function Legend() {
  const isSingle = steps.value.length === 1;
  if (isMap.value)
    return (
      <LegendBox class="evolution-legend">
        <MapLegend />
      </LegendBox>
    );
  return (
    <LegendBox class="evolution-legend">
      {groups.value.map(({ name, lines }) => (
        <Group key={name} name={name} lines={lines} />
      ))}
      <Line run={main.value?.run ?? 0} name={run.value ?? ""} />
      {others.value.slice(0, namedLines()).map(({ name, run: number }) => (
        <Line key={name} run={number} name={name} isThin />
      ))}
      {groups.value.length === 0 && others.value.length > namedLines() && (
        <span class="legend-item" title={namesOf(others.value.slice(namedLines()))}>
          {others.value.length - namedLines()} more runs, thin
        </span>
      )}
      <Baseline />
      {showMarks.value && !isSingle && (
        <span
          class="legend-item"
          title={`from here on changed for good by ${inUnit(formatValue(markLimit.value), shownMetric.value)} or more; thin before, bold after`}
        >
          <i class="legend-triangle" />
          <span>
            <span class="is-long">lasting change</span>
            <span class="is-short">lasting</span> ≥{" "}
            {inUnit(formatValue(markLimit.value), shownMetric.value)}
          </span>
        </span>
      )}
      <Read />
    </LegendBox>
  );
}

/** More runs than these are not named one by one: their dots are in the list. */
const MOST_LINES = 5;

function namedLines(): number {
  const count = groups.value.length > 0 ? Infinity : others.value.length;
  return count <= MOST_LINES ? count : 0;
}

/** The slider's step; while one is pointed at, that one, in the same place. */
function Read() {
  const pointed = hoverStep.value;
  return (
    <span class="legend-item legend-read">
      <i class={pointed === null ? "legend-mark" : "legend-pointer"} />
      {pointed === null ? `step ${formatStep(step.value)}` : `pointer: step ${formatStep(pointed)}`}
    </span>
  );
}

function Line({
  run: number,
  name,
  isThin = false,
}: {
  run: number;
  name: string;
  isThin?: boolean;
}) {
  const isGrouped = groups.value.length > 0;
  const style = { background: isGrouped ? "var(--text)" : runColour(number, theme.value) };
  return (
    <span class="legend-item">
      <i class={isThin || isGrouped ? "legend-line" : "legend-line is-bold"} style={style} />
      <bdi class="legend-run" title={isGrouped ? `${name}: numbers and marks are its` : name}>
        {isGrouped ? (
          <>
            selected<span class="is-long"> run</span>
          </>
        ) : (
          shortRun(name)
        )}
      </bdi>
    </span>
  );
}

function Group({ name, lines: { runs, run: number } }: { name: string; lines: GroupHistories }) {
  const background = runColour(number, theme.value);
  const hasBand = groups.value.length <= MOST_BANDS;
  return (
    <span class="legend-item" title={`${runs.length} runs of ${name}`}>
      <i
        class="legend-line is-bold"
        style={{ background, ...(hasBand && { boxShadow: `0 0 0 3px ${background}40` }) }}
      />
      <bdi class="legend-run">{name}</bdi>
    </span>
  );
}

function Baseline() {
  const known = shapes.value
    .map((_, layer) => baselineOf(layer))
    .filter((each) => !Number.isNaN(each));
  if (!showBaseline.value || known.length === 0) return null;
  const texts = [Math.min(...known), Math.max(...known)].map(formatValue);
  return (
    <span
      class="legend-item"
      title="what attention spread evenly over the visible keys would score"
    >
      <i class="legend-dotted" />
      uniform{" "}
      {inUnit(texts[0] === texts[1] ? texts[0]! : `${texts[0]}–${texts[1]}`, shownMetric.value)}
    </span>
  );
}
