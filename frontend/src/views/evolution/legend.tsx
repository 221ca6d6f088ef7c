/** What the grid shows → the explanation of every mark in it, and what can be done. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { runColour } from "../../draw/colour";
import { formatValue } from "../../text/format_number";
import {
  damagedSteps,
  hoverStep,
  MOST_RUNS,
  rivalRuns,
  run,
  runPrefix,
  showBaseline,
  showMarks,
  step,
  steps,
  theme,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { layerMotion, lostHeads } from "./head_order";
import { axis, baselineOf, isCut, main, markLimit, others, shapes } from "./scene";
import { layerName, layerShort, layersText } from "../../text/layer_names";

/** Of the scale: less motion than this is none. */
const STILL = 0.005;

export function Legend() {
  const isSingle = steps.value.length === 1;
  return (
    <div class="model-legend evolution-legend">
      <Line run={main.value?.run ?? 0} name={run.value ?? ""} />
      {others.value.map(({ name, run: number }) => (
        <Line key={name} run={number} name={name} isThin />
      ))}
      <Baseline />
      {showMarks.value && !isSingle && (
        <span
          class="legend-item"
          title={`from here on changed for good by ${formatValue(markLimit.value)} or more; thin before, bold after`}
        >
          <i class="legend-triangle" />
          <span>
            <span class="is-long">lasting change</span>
            <span class="is-short">emerged</span> ≥ {formatValue(markLimit.value)}
          </span>
        </span>
      )}
      <span class="legend-item">
        <i class="legend-mark" />
        step {step.value}
      </span>
      <span class="legend-item" style={hoverStep.value === null ? { visibility: "hidden" } : {}}>
        <i class="legend-pointer" />
        pointer, step {hoverStep.value ?? step.value}
      </span>
      <p class="evolution-hint">
        <Hints />
      </p>
    </div>
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
  const style = { background: runColour(number, theme.value) };
  return (
    <span class="legend-item">
      <i class={isThin ? "legend-line" : "legend-line is-bold"} style={style} />
      <bdi class="legend-run" title={name}>
        {runPrefix.value !== "" && <span class="name-shared">{runPrefix.value}</span>}
        {name.slice(runPrefix.value.length)}
      </bdi>
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
      uniform {texts[0] === texts[1] ? texts[0] : `${texts[0]}–${texts[1]}`}
    </span>
  );
}

function Hints() {
  const missing = damagedSteps.value.size;
  const left = rivalRuns.value.length - (MOST_RUNS - 1);
  const sentences = [
    steps.value.length === 1 ? "One step so far: lines begin with the second." : null,
    "Click a cell: its pattern at the pointed step.",
    "Shift-click: add the head to the chart.",
    lostText(),
    stillText(),
    missing > 0 ? `${missing} ${missing === 1 ? "step" : "steps"} could not be read: gaps.` : null,
    isCut.value ? `Longer runs are cut at step ${axis.value.last}.` : null,
    left > 0 ? `${left} more ticked ${left === 1 ? "run is" : "runs are"} not drawn.` : null,
  ];
  return <>{sentences.filter((each) => each !== null).join(" ")}</>;
}

const lostOnes = computed(() => {
  const histories = main.value?.histories;
  if (histories === undefined) return [];
  return shapes.value
    .flatMap((_, layer) => lostHeads(histories, layer).map((lost) => ({ layer, ...lost })))
    .sort((a, b) => a.step - b.step);
});

const stillLayers: ReadonlySignal<readonly number[]> = computed(() => {
  const histories = main.value?.histories;
  if (histories === undefined) return [];
  const lost = new Set(lostOnes.value.map(({ layer }) => layer));
  return shapes.value.flatMap((_, layer) =>
    layerMotion(histories, layer) < STILL && !lost.has(layer) ? [layer] : [],
  );
});

/** "Head 2.0 has no value from step 1000 on, 3 more heads neither." */
function lostText(): string | null {
  const [first, ...others] = lostOnes.value;
  if (first === undefined) return null;
  const name = `${layerShort(shapes.value, first.layer)}.${headNumber(shapes.value[first.layer], first.head)}`;
  const more = others.length === 1 ? "1 more head is" : `${others.length} more heads are`;
  const rest = others.length === 0 ? "" : `; so ${more}`;
  return `Head ${name} is without a value at step ${first.step}${rest}.`;
}

/** "Layers 0–3 did not move." */
function stillText(): string | null {
  if (steps.value.length < 2) return null;
  const still = stillLayers.value;
  if (still.length === 0) return null;
  if (still.length === shapes.value.length) return "No layer moved.";
  const subject =
    still.length === 1 ? layerName(shapes.value, still[0]!) : layersText(shapes.value, still);
  return `${subject} did not move.`;
}
