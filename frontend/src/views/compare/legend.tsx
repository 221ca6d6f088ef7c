/** What the grid of differences shows → the explanation of every mark in it, and what to keep in mind. */

import { formatWeight } from "../../text/format_number";
import { compared, hideBelow, record, run, shown, isContribution, quantityText } from "../../state";
import { unchangedLayers } from "./ranked";
import { areNamed, largest, shapes, shownComparison } from "./scene";

/** Cells of 42 pixels: more tokens share pixels. */
function isPooled(): boolean {
  const layers = shown(record.value)?.layers ?? [];
  return layers.some(({ queries, keys }) => Math.max(queries, keys) > 42);
}

/** Of two runs: what the server found, or what holds of any two. */
function warnings(): readonly string[] {
  const of = shownComparison.value;
  if (of === null || compared.value === null || compared.value.run === run.value) return [];
  if (of.warnings.length > 0) return of.warnings;
  return [
    "Two runs that start alike; if they were trained apart for long, a head may have taken another’s part",
  ];
}

export function CompareLegend() {
  const of = shownComparison.value;
  if (of === null) return <p class="model-legend">Comparing …</p>;
  return (
    <div class="model-legend">
      {!areNamed.value && <Scale />}
      {warnings().map((warning) => (
        <span key={warning} class="compare-warning" role="note">
          {capital(warning)}.
        </span>
      ))}
    </div>
  );
}

function Scale() {
  const changes = shownComparison.value!.layerChange;
  return (
    <span class="legend-scale">
      <span class="legend-bar is-diverging">
        <span class="legend-gradient" />
        <span class="legend-ticks">
          <span>−1 lost</span>
          <span>0</span>
          <span>gained +1</span>
        </span>
      </span>
      <span class="legend-words">
        {isContribution.value && `${quantityText.value}, `}one symmetric scale
        {isPooled() && ", a pixel is the largest difference in it"}
        {hideBelow.value > 0 && `, below ${formatLimit(hideBelow.value)} hidden`}. Bar: JSD, 0 to{" "}
        {formatWeight(largest.value)}. {unchangedLayers(changes, shapes.value)}
      </span>
    </span>
  );
}

/** Two decimals, a third where it counts. */
function formatLimit(value: number): string {
  return formatWeight(value, 3).replace(/0$/, "");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
