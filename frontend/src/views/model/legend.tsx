/** What the grid shows → the explanation of every mark in it. */

import { formatStep, formatWeight } from "../../text/format_number";
import { changeScale } from "../../decoding/marked_heads";
import {
  dimBelow,
  isMetricsOnly,
  layer,
  markAbove,
  quantityName,
  quantityText,
  record,
  sentenceFilter,
  series,
  shown,
  step,
  stepError,
  steps,
  shownThumbnails,
  shownMetric,
} from "../../state";
import { inUnit, metricTitle } from "../../text/metric_names";
import { LegendBox } from "../../parts/heads_grid/legend_box";
import { filterName } from "../../parts/token_lines/filter_name";
import { MapScale } from "../../parts/picture_map/map_legend";
import { isImage } from "./image_paint";
import { isPair } from "./sentence_part";
import { MapLegend } from "./map_legend";
import { hasBroken, histories, isMap, isUnreadable, layout } from "./scene";

export function Legend() {
  return (
    <LegendBox>
      <Scale />
      {hasBroken.value && !isMap.value && (
        <span class="legend-item">
          <i class="legend-cross">×</i>
          weights that are not numbers
        </span>
      )}
      {layout.value.sparkHeight > 0 && <MetricMarks />}
    </LegendBox>
  );
}

function Scale() {
  if (isMap.value) return <MapLegend hasBars={layout.value.beside !== undefined} />;
  if (isUnreadable.value) return <NoPicture />;
  if (isImage.value) return <MapScale keys={shown(record.value)?.layers[layer.value]?.keys ?? 1} />;
  return <WeightScale />;
}

function NoPicture() {
  if (isMetricsOnly.value)
    return <span>No picture: only head metrics were logged at this step.</span>;
  const others = steps.value.length - 1;
  return <span>No picture for this step. The sparklines come from the other {others} steps.</span>;
}

function WeightScale() {
  const isLines = shownThumbnails.value === "lines";
  return (
    <span class="legend-scale">
      <span class="legend-bar">
        <span class="legend-gradient" />
        <span class="legend-ticks">
          <span>0</span>
          {!isLines && <span>.25</span>}
          <span>{isLines ? "more" : "1"}</span>
        </span>
      </span>
      <span>
        {isLines
          ? `${quantityText.value} from query (left) to key, summed where lines meet`
          : `${quantityText.value}, same scale at every step`}
        {isPair.value &&
          sentenceFilter.value !== "all" &&
          `, ${filterName(sentenceFilter.value)} alone`}
        {isPooled() &&
          ` · a ${isLines ? "line" : "pixel"} is the largest ${quantityName.value} in it`}
      </span>
    </span>
  );
}

/** More tokens than a cell has pixels share them. */
function isPooled(): boolean {
  const layers = shown(record.value)?.layers ?? [];
  const side = layout.value.cell.width * window.devicePixelRatio;
  const stored = Math.max(0, ...layers.flatMap(({ thumbnail }) => thumbnail ?? []));
  const shownTokens = Math.min(side, stored === 0 ? side : stored);
  return layers.some(({ queries, keys }) => Math.max(queries, keys) > shownTokens);
}

function MetricMarks() {
  if (series.value.status === "error") {
    return <span class="legend-error">No metrics: {series.value.error.message}</span>;
  }
  if (histories.value === null || shownMetric.value === null) return null;
  const { series: of, metric } = histories.value;
  const { least, most } = histories.value.scale;
  return (
    <span class="legend-items">
      <span class="legend-item">
        <i class="legend-line" />
        <span>
          {metricTitle(shownMetric.value)}
          <span class="is-long"> over steps</span>, {inUnit(`${least}–${most}`, shownMetric.value)}
        </span>
      </span>
      <span class="legend-item">
        <i class="legend-line is-bold" />
        <span>
          <span class="is-long">lasting </span>change ≥{" "}
          {inUnit(formatWeight(markAbove.value * changeScale(of, metric)), shownMetric.value)}
        </span>
      </span>
      <span class="legend-item">
        <i class={stepError.value?.damaged === true ? "legend-mark is-damaged" : "legend-mark"} />
        step {formatStep(step.value)}
      </span>
      {dimBelow.value > 0 && (
        <span class="legend-item">
          <i class="legend-dim" />
          {metricTitle(shownMetric.value)} below{" "}
          {inUnit(formatWeight(dimBelow.value), shownMetric.value)}
        </span>
      )}
    </span>
  );
}
