/** The model view's grid → its picture as data, and every head's metrics at the step. */

import type { Table, Value } from "../../text/csv";
import type { MetricSeries } from "../../decoding/decode";
import type { Exported } from "../../saving/exported";
import { scaleColours, sequentialTable } from "../../draw/colour";
import type { Mark } from "../../draw/figure";
import { colourOf } from "../../draw/theme";
import { MAP_END } from "../../draw/patch_map";
import { scaleText } from "../../parts/picture_map/map_legend";
import { metricTitle } from "../../text/metric_names";
import {
  isContribution,
  metrics,
  metricStep,
  quantityText,
  shownMetric,
  step,
  steps,
  tag,
  theme,
  knownHeader,
  layer,
  mapScale,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { gridPicture, paintedGrid } from "../../parts/heads_grid/grid_picture";
import { gridPaint } from "./grid_paint";
import { isImage } from "./image_paint";
import { mapMarks } from "./map_marks";
import { imageTitle } from "./image_title";
import { valueShapes } from "./cell_values";
import { columnCaption, isMap, layout, shapes } from "./scene";
import { formatStep } from "../../text/format_number";

/** Every head's metrics at some of the steps of a series; of a long one, which the tab has thinned, each row says so. */
export function metricsTable(series: MetricSeries | null, rows: readonly number[]): Table {
  const names = series?.names ?? [];
  const all = steps.peek().length;
  const left = series?.isThinned === true ? [`${series.exactSteps.length} of ${all} steps`] : [];
  function* lines(): Generator<Value[]> {
    if (series === null) return;
    for (const row of rows.filter((each) => series.isStep(each)))
      for (const [layer, { heads }] of series.layers.entries())
        for (let head = 0; head < heads; head++) {
          const values = names.map((_, metric) => series.at(row, layer, head, metric));
          const number = headNumber(shapes.peek()[layer], head);
          yield [series.steps[row]!, layer, number, ...values, ...left];
        }
  }
  return {
    columns: ["step", "layer", "head", ...names, ...left.map(() => "thinned")],
    rows: { [Symbol.iterator]: lines },
  };
}

export function modelExport(): Exported {
  const at = metricStep.peek();
  const picture = gridPicture({
    layout: layout.peek(),
    shapes: shapes.peek(),
    title: `${tag.peek() ?? ""}: ${isImage.peek() ? imageTitle() : `every head at step ${formatStep(step.peek())}${isContribution.peek() ? ", contributions" : ""}`}`,
    caption: columnCaption.peek(),
    theme: theme.peek(),
    content: [
      paintedGrid(layout.peek(), gridPaint.peek()),
      ...(isMap.peek() ? [] : valueShapes(colourOf("second", theme.peek()))),
    ],
  });
  const table = metricsTable(metrics.peek(), at < 0 ? [] : [at]);
  if (isMap.peek()) return { picture, marks: mapMarks(), table };
  const colours = scaleColours(sequentialTable(theme.peek()));
  const keys = knownHeader.peek()?.layers[layer.peek()]?.keys ?? 1;
  const of = isImage.peek()
    ? { to: mapScale.peek() === "own" ? "largest" : `≥ ${MAP_END}×`, text: scaleText(keys) }
    : { to: "1", text: quantityText.peek() };
  const marks: Mark[] = [{ kind: "scale", colours, from: "0", ...of }];
  if (shownMetric.peek() !== null)
    marks.push({ kind: "note", text: `below: ${metricTitle(shownMetric.peek()!)} over the steps` });
  return { picture, marks, table };
}
