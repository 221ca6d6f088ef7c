/** The evolution view's grid → its picture with histories as lines, and every head's metrics at every step. */

import { cssOf, rgbOf, runColour } from "../../draw/colour";
import type { RunHistories } from "../../draw/evolution_picture";
import { cellBox } from "../../draw/grid";
import { papers, type Shape } from "../../draw/picture";
import type { Box } from "../../draw/raster";
import type { Sparkline } from "../../draw/sparkline";
import type { Exported } from "../../exported";
import { headSort, showBaseline, step, tag, theme } from "../../state";
import { cellsOf, gridPicture } from "../heads_grid/grid_picture";
import { metricTitle } from "../model/metric_names";
import { metricsTable } from "../model/model_export";
import { metrics, shownMetric } from "../model/scene";
import { SORT_CAPTIONS } from "./head_order";
import { baselineOf, layout, main, others, shapes } from "./scene";

type Point = readonly [x: number, y: number];

/** Runs of values without a gap. */
function stretches({ places, values }: Sparkline, from: number, end: number, box: Box): Point[][] {
  const found: Point[][] = [];
  let present: Point[] | null = null;
  for (let at = from; at < end; at++) {
    const value = values[at]!;
    if (Number.isNaN(value)) {
      present = null;
      continue;
    }
    if (present === null) found.push((present = []));
    const height = 1 - Math.min(1, Math.max(0, value));
    present.push([box.x + places[at]! * box.width, box.y + height * box.height]);
  }
  return found;
}

/** A value without neighbours is a dash. */
function lines(points: Point[][], colour: string, width: number): Shape[] {
  return points.map((line): Shape => {
    const [[x, y]] = line as [Point];
    return {
      kind: "line",
      points:
        line.length > 1
          ? line
          : [
              [x - 1, y],
              [x + 1, y],
            ],
      colour,
      width,
    };
  });
}

function history({ histories, run }: RunHistories, at: { layer: number; head: number }, box: Box) {
  const line = histories.line(at.layer, at.head);
  const colour = cssOf(rgbOf(runColour(run, theme.peek())));
  const end = line.values.length;
  const bold = line.boldFrom < 0 ? [] : lines(stretches(line, line.boldFrom, end, box), colour, 2);
  return [...lines(stretches(line, 0, end, box), colour, 1), ...bold];
}

function cellShapes(own: RunHistories, at: { layer: number; head: number }): Shape[] {
  const grid = layout.peek();
  const cell = cellBox(grid, at);
  if (cell === null) return [];
  const paper = papers[theme.peek()];
  const box = { ...cell, y: cell.y + grid.sparkTop, height: grid.sparkHeight };
  const below = box.y + box.height;
  const uniform = showBaseline.peek() ? own.histories.height(baselineOf(at.layer)) : NaN;
  const level = box.y + (1 - uniform) * box.height;
  const present = step.peek();
  const mark = present === null ? null : box.x + own.histories.place(present) * (box.width - 2);
  return [
    { kind: "box", ...box, y: below, height: 1, colour: paper.hairline },
    ...(Number.isNaN(level)
      ? []
      : [
          {
            kind: "line",
            points: [
              [box.x, level],
              [box.x + box.width, level],
            ],
            colour: paper.second,
            width: 1,
            isDotted: true,
          } as const,
        ]),
    ...others.peek().flatMap((other) => history(other, at, box)),
    ...history(own, at, box),
    ...(mark === null
      ? []
      : [
          {
            kind: "box",
            x: mark,
            y: below + 1,
            width: 2,
            height: grid.markHeight - 3,
            colour: "#f57c00",
          } as const,
        ]),
  ];
}

export function evolutionExport(): Exported {
  const own = main.peek();
  const grid = layout.peek();
  const sort = headSort.peek();
  const series = metrics.peek();
  const name = shownMetric.peek();
  const picture = gridPicture({
    layout: grid,
    shapes: shapes.peek(),
    title: `${tag.peek() ?? ""}: ${name === null ? "histories" : metricTitle(name)} of all heads`,
    caption: sort === "number" ? null : SORT_CAPTIONS[sort],
    theme: theme.peek(),
    content: own === null ? [] : [...cellsOf(grid)].flatMap((at) => cellShapes(own, at)),
  });
  return { picture, table: metricsTable(series, [...(series?.steps.keys() ?? [])]) };
}
