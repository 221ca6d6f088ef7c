/** What is loaded and folded → what can be done with the grid, and what it leaves out. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { damagedSteps, MOST_RUNS, rivalRuns, steps } from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { layerName, layerShort, layersText } from "../../text/layer_names";
import { layerMotion, lostHeads } from "./head_order";
import { axis, groups, isCut, isMap, layout, main, shapes } from "./scene";
import { formatStep } from "../../text/format_number";

/** Of the scale: less motion than this is none. */
const STILL = 0.005;

export function Hints() {
  const missing = damagedSteps.value.size;
  const left = rivalRuns.value.length - (MOST_RUNS - 1);
  const sentences = [
    steps.value.length === 1 ? "One step so far: lines begin with the second." : null,
    groups.value.length > 0
      ? "Click a head: its curves in all runs."
      : isMap.value
        ? "Click a head: its pattern at this step."
        : "Click a cell: its pattern at the pointed step.",
    isMap.value ? null : "Shift-click: add the head to the chart.",
    lostText(),
    layout.value.noteTop === null ? stillText() : null,
    missing > 0 ? `${missing} ${missing === 1 ? "step" : "steps"} could not be read: gaps.` : null,
    isCut.value ? `Longer runs are cut at step ${formatStep(axis.value.last)}.` : null,
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
  return `Head ${name} is without a value at step ${formatStep(first.step)}${rest}.`;
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
