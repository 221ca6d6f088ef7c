/** Folded layers → what their strips show, between the rows; a press unfolds them. */

import { viewSize } from "../../parts/heads_grid/grid_room";
import { AROUND } from "../../parts/heads_grid/layout";
import { foldStill, markAbove, readStep } from "../../state";
import { formatStep, formatWeight } from "../../text/format_number";
import { layerName, layersText } from "../../text/layer_names";
import { layout, shapes } from "./scene";

/** "Layers 0–3 folded: no head moved by .15 or more. Colour: the value at step 96." */
export function foldedText(): string {
  const { rows } = layout.value;
  const folded = rows.flatMap(({ layer, isFolded }) => (isFolded ? [layer] : []));
  const sorted = folded.toSorted((a, b) => a - b);
  const [first] = sorted as [number];
  const isOne = sorted.length === 1;
  const layers = isOne ? layerName(shapes.value, first) : layersText(shapes.value, sorted);
  const moved = `no head moved by ${formatWeight(markAbove.value)} or more`;
  return `${layers} folded: ${moved}. Colour: the value at step ${formatStep(readStep.value)}.`;
}

export function FoldedNote() {
  const { noteTop, panel } = layout.value;
  if (noteTop === null) return null;
  return (
    <button
      type="button"
      class="folded-note"
      style={{ top: noteTop, maxWidth: viewSize.value.width - panel - AROUND.left - AROUND.right }}
      title={`${foldedText()} A click unfolds them; the left pane has “Fold rows that did not change”.`}
      onClick={() => (foldStill.value = false)}
    >
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">
        <path d="M2 0l4 4-4 4" fill="none" stroke="currentColor" stroke-width="1.5" />
      </svg>
      <span>{foldedText()}</span>
    </button>
  );
}
