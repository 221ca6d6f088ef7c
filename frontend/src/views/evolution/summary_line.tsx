/** What is loaded → the sentence on what happened, under the view's title. */

import { useMemo } from "preact/hooks";

import { changes, markAbove, metrics, run, scalar, shown } from "../../state";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { layout } from "./scene";
import { summaryOf } from "./summary";

/** Of the grid's column, in CSS pixels. */
const ROOM_FOR_WORDS = 580;

export function Summary() {
  const series = metrics.value;
  const loss = shown(scalar.value);
  const fitting = loss?.run === run.value ? loss : null;
  const isShort = viewSize.value.width - layout.value.panel < ROOM_FOR_WORDS;
  const sentence = useMemo(
    () =>
      series === null || series.evolution === null
        ? ""
        : summaryOf({
            series,
            changes: changes.value,
            smallest: markAbove.value,
            scalar: fitting,
            isShort,
          }),
    [series, changes.value, fitting, isShort],
  );
  return (
    <p class="model-tokens evolution-summary" title={sentence} aria-live="polite">
      {sentence}
    </p>
  );
}
