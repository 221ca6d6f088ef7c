/** What is loaded and folded → what can be done with the grid, and what it leaves out. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { damagedSteps, MOST_RUNS, rivalRuns, steps } from "../../state";
import { formatPositions } from "../../text/positions";
import { layerMotion } from "./head_order";
import { isMap, layout, main, shapes } from "./scene";

/** Of the scale: less motion than this is none. */
const STILL = 0.005;

export function Hints() {
  const missing = damagedSteps.value.size;
  const left = rivalRuns.value.length - (MOST_RUNS - 1);
  const sentences = [
    steps.value.length === 1 ? "One step so far: lines begin with the second." : null,
    isMap.value
      ? "Click a head: its pattern at this step."
      : "Click a cell: its pattern at the pointed step.",
    isMap.value ? null : "Shift-click: add the head to the chart.",
    foldedText() ?? stillText(),
    missing > 0 ? `${missing} ${missing === 1 ? "step" : "steps"} could not be read: gaps.` : null,
    left > 0 ? `${left} more ticked ${left === 1 ? "run is" : "runs are"} not drawn.` : null,
  ];
  return <>{sentences.filter((each) => each !== null).join(" ")}</>;
}

const stillLayers: ReadonlySignal<readonly number[]> = computed(() => {
  const histories = main.value?.histories;
  if (histories === undefined) return [];
  return shapes.value.flatMap((_, layer) => (layerMotion(histories, layer) < STILL ? [layer] : []));
});

/** "Layers 0–3 are folded, as no head of them changed: colour is the value." */
function foldedText(): string | null {
  const folded = layout.value.rows.flatMap(({ layer, isFolded }) => (isFolded ? [layer] : []));
  if (folded.length === 0) return null;
  const layers = formatPositions(
    folded.toSorted((a, b) => a - b),
    { comma: ", ", dash: "–" },
  );
  const many = folded.length > 1;
  return (
    `${many ? "Layers" : "Layer"} ${layers} ${many ? "are" : "is"} folded, ` +
    `no head in ${many ? "them" : "it"} changed: colour is the value.`
  );
}

/** "Layers 0–3 did not move." */
function stillText(): string | null {
  if (steps.value.length < 2) return null;
  const still = stillLayers.value;
  if (still.length === 0) return null;
  if (still.length === shapes.value.length) return "No layer moved.";
  const subject =
    still.length === 1
      ? `Layer ${still[0]}`
      : `Layers ${formatPositions(still, { comma: ", ", dash: "–" })}`;
  return `${subject} did not move.`;
}
