/** The chosen head → its lasting change of the shown metric, else its largest one, in a sentence. */

import { lastingChange, isMarked, type LastingChange } from "../../decoding/marked_heads";
import { layer, head, markAbove, metrics, shownMetric, topOfShown } from "../../state";
import { formatStep, formatValue } from "../../text/format_number";
import { inUnit, metricTitle } from "../../text/metric_names";
import { largestChange } from "./head_map";

/** Of the shown metric, marked. */
function changeOfShown(): LastingChange | null {
  const series = metrics.value;
  const metric = series?.names.indexOf(shownMetric.value ?? "") ?? -1;
  if (series === null || metric === -1) return null;
  const change = lastingChange(series, layer.value, head.value, metric);
  return change !== null && isMarked(series, change, markAbove.value) ? change : null;
}

/** A line of its own also where nothing changed or is not known yet, so that nothing moves when it is. */
export function Moved() {
  const series = metrics.value;
  if ((series?.evolution ?? null) === null) return <p class="side-moved" />;
  const change = changeOfShown() ?? largestChange(layer.value, head.value);
  if (change === null) return <p class="side-moved">no lasting change</p>;
  const top = topOfShown.value;
  const isTop = top?.layer === change.layer && top.head === change.head;
  const name = metricTitle(series!.names[change.metric]!).replace("→", " → ");
  const what = isTop && top.metric === change.metric ? "moved most" : "changed for good";
  const [before, after] = [change.before, change.after].map(formatValue);
  const said = `${what}: ${name}, step ${formatStep(change.step)}, ${inUnit(`${before} → ${after}`, series!.names[change.metric]!)}`;
  return (
    <p class="side-moved" title={said}>
      {said}
    </p>
  );
}
