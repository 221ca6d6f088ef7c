/** What is loaded → the sentence on what happened, under the view's title. */

import { useMemo } from "preact/hooks";

import { changes, markAbove, metrics, run, scalar, shown } from "../../state";
import { summaryOf } from "./summary";

export function Summary() {
  const series = metrics.value;
  const loss = shown(scalar.value);
  const fitting = loss?.run === run.value ? loss : null;
  const sentence = useMemo(
    () =>
      series === null || series.evolution === null
        ? ""
        : summaryOf({
            series,
            changes: changes.value,
            smallest: markAbove.value,
            scalar: fitting,
          }),
    [series, changes.value, fitting],
  );
  return (
    <p class="model-tokens evolution-summary" title={sentence} aria-live="polite">
      {sentence}
    </p>
  );
}
