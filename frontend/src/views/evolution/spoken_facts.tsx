/** A head → what its cell shows, in words, for screen readers. */

import { MEAN, type Cell } from "../../draw/grid";
import { formatStep, formatValue } from "../../text/format_number";
import { becameText } from "../../decoding/marked_heads";
import { inUnit, metricTitle } from "../../text/metric_names";
import { roleText } from "./role_text";
import { main, valueOf } from "./scene";
import { shownMetric, readStep } from "../../state";

export function SpokenFacts({ cell }: { readonly cell: Cell }) {
  const histories = main.value?.histories;
  if (histories === undefined || cell.head === MEAN) return null;
  const change = histories.change(cell.layer, cell.head);
  return (
    <>
      {metricTitle(shownMetric.value ?? "")} {inUnit(formatValue(valueOf(cell)), shownMetric.value)}{" "}
      at step {formatStep(readStep.value)}
      {change !== null &&
        `; since step ${formatStep(change.step)}: ${becameText(histories.series, change)}, ` +
          `${formatValue(change.before)} to ${formatValue(change.after)}`}
      ; role: {roleText(cell)}. Enter opens its pattern, Shift and Enter adds it to the chart.
    </>
  );
}
