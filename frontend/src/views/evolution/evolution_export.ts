/** The evolution view's grid → its picture with histories as lines, and every head's metrics at every step. */

import {
  backgroundColour,
  cssOf,
  headColour,
  inkOn,
  mix,
  rgbOf,
  runColour,
} from "../../draw/colour";
import { stripColour, TALL, type RunHistories } from "../../draw/evolution_picture";
import { type Cell, cellBox, type GridLayout, MEAN, rowParts } from "../../draw/grid";
import { MOST_BANDS, type GroupHistories } from "../../draw/group_histories";
import { moveShape, papers, type Picture, type Shape } from "../../draw/picture";
import { colourOf } from "../../draw/theme";
import type { Box } from "../../draw/raster";
import type { Sparkline } from "../../draw/sparkline";
import type { Exported } from "../../saving/exported";
import { formatValue } from "../../text/format_number";
import { showBaseline, showMarks, step, tag, theme, metrics, shownMetric } from "../../state";
import { cellsOf, gridPicture, paintedGrid } from "../../parts/heads_grid/grid_picture";
import { metricTitle } from "../../text/metric_names";
import { largestChange } from "../model/head_map";
import { mapMarks } from "../model/map_marks";
import { metricsTable } from "../model/model_export";
import { chosen } from "./chosen";
import { evolutionMarks, GRID_LEFT, SCALAR_HEIGHT, scalarShapes } from "./export_legend";
import { laneShapes, lanesHeight } from "./export_lanes";
import { foldedText } from "./folded_note";
import {
  baselineOf,
  columnCaption,
  groups,
  layout,
  main,
  others,
  paint,
  shapes,
  valueOf,
} from "./scene";

const MARK_ROWS = 5;

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

function history({ histories, run }: RunHistories, at: Cell, box: Box) {
  const line = histories.line(at.layer, at.head);
  const colour = cssOf(rgbOf(runColour(run, theme.peek())));
  const end = line.values.length;
  const bold = line.boldFrom < 0 ? [] : lines(stretches(line, line.boldFrom, end, box), colour, 2);
  return [...lines(stretches(line, 0, end, box), colour, 1), ...bold];
}

/** The selected run among groups. */
function ownLine({ histories }: RunHistories, at: Cell, box: Box): Shape[] {
  const line = histories.line(at.layer, at.head);
  return lines(stretches(line, 0, line.values.length, box), papers[theme.peek()].ink, 1);
}

/** The median strong; the ends of its band faint. */
function groupShapes(group: GroupHistories, at: Cell, box: Box): Shape[] {
  const ink = rgbOf(runColour(group.run, theme.peek()));
  const faint = cssOf(mix(ink, backgroundColour(theme.peek()), 0.4));
  const { median, low, high } = group.lines(at.layer, at.head);
  const drawn = (line: Sparkline, colour: string, width: number): Shape[] =>
    lines(stretches(line, 0, line.values.length, box), colour, width);
  const ends = groups.peek().length <= MOST_BANDS ? [low, high] : [];
  return [...ends.flatMap((line) => drawn(line, faint, 1)), ...drawn(median, cssOf(ink), 2)];
}

/** Over the cell: the edge of a head that changed or is in the chart, and the value at the step that is read. */
function overCell({ histories }: RunHistories, cell: Box, at: Cell): Shape[] {
  const isChosen = chosen.peek().some(({ layer, head }) => layer === at.layer && head === at.head);
  const hasEdge = isChosen || (at.head !== MEAN && largestChange(at.layer, at.head) !== null);
  const isBold = histories.change(at.layer, at.head) !== null;
  const edge = { ...cell, x: cell.x - 2, width: cell.width + 4, height: 2 };
  const text = formatValue(valueOf(at));
  const [x, y] = [cell.x + cell.width, cell.y + 13];
  return [
    ...(hasEdge
      ? [{ kind: "box", ...edge, colour: headColour(at.head, theme.peek()) } as const]
      : []),
    { kind: "text", x, y, text, anchor: "end", size: 11, isBold },
  ];
}

/** Where the head changed for good: a triangle, row by row; over a tall history, with a line through it. */
function changeMark({ histories }: RunHistories, at: Cell, box: Box): Shape[] {
  const change = showMarks.peek() ? histories.change(at.layer, at.head) : null;
  if (change === null) return [];
  const middle = box.x + histories.place(change.step) * box.width;
  const isTall = box.height >= TALL;
  const [end, colour] = [box.y + box.height, papers[theme.peek()].ink];
  const top = isTall ? box.y - MARK_ROWS - 1 : end + 2;
  const triangle = Array.from({ length: MARK_ROWS }, (_, row): Shape => {
    const reach = 0.75 * (MARK_ROWS - row);
    const place = { x: middle - reach, y: top + row };
    return { kind: "box", ...place, width: 2 * reach, height: 1, colour };
  });
  if (!isTall) return triangle;
  const points: Point[] = [
    [middle, box.y],
    [middle, end],
  ];
  return [...triangle, { kind: "line", points, colour, width: 1, isDotted: true }];
}

/** Of a folded row: the value on its colour. */
function stripShapes({ histories }: RunHistories, cell: Box, at: Cell): Shape[] {
  const pixel = stripColour(histories, valueOf(at), theme.peek());
  if (pixel === null) return [];
  const rgb = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255] as const;
  const [x, y] = [cell.x + cell.width / 2, cell.y + cell.height / 2 + 4];
  return [
    { kind: "box", ...cell, colour: cssOf(rgb) },
    {
      kind: "text",
      x,
      y,
      text: formatValue(valueOf(at)),
      anchor: "middle",
      size: 11,
      colour: inkOn(rgb),
    },
  ];
}

function cellShapes(own: RunHistories, at: Cell): Shape[] {
  const grid = layout.peek();
  const cell = cellBox(grid, at);
  if (cell === null) return [];
  const isGrouped = groups.peek().length > 0;
  const paper = papers[theme.peek()];
  const row = grid.rows.find(({ layer }) => layer === at.layer)!;
  if (row.isFolded) return stripShapes(own, cell, at);
  const { sparkTop, sparkHeight } = rowParts(grid, row);
  const box = { ...cell, y: cell.y + sparkTop, height: sparkHeight };
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
    ...groups.peek().flatMap(({ lines: group }) => groupShapes(group, at, box)),
    ...(isGrouped ? [] : others.peek().flatMap((other) => history(other, at, box))),
    ...(isGrouped ? ownLine(own, at, box) : history(own, at, box)),
    ...overCell(own, cell, at),
    ...changeMark(own, at, box),
    ...(mark === null
      ? []
      : [
          {
            kind: "box",
            x: mark,
            y: below + 1,
            width: 2,
            height: grid.markHeight - 3,
            colour: colourOf("accent", theme.peek()),
          } as const,
        ]),
  ];
}

export function evolutionExport(): Exported {
  const own = main.peek();
  const grid = layout.peek();
  const series = metrics.peek();
  const name = shownMetric.peek();
  const picture = gridPicture({
    layout: grid,
    shapes: shapes.peek(),
    title: `${tag.peek() ?? ""}: ${name === null ? "histories" : metricTitle(name)} of all heads`,
    caption: columnCaption.peek(),
    theme: theme.peek(),
    content: grid.isOverview
      ? [paintedGrid(grid, paint.peek())]
      : own === null
        ? []
        : [...cellsOf(grid)].flatMap((at) => cellShapes(own, at)).concat(noteShapes(grid)),
  });
  const whole = withWhen(picture, grid.width);
  const marks = grid.isOverview ? mapMarks() : evolutionMarks();
  return { picture: whole, marks, table: metricsTable(series, [...(series?.steps.keys() ?? [])]) };
}

/** Under the grid the lanes of what heads became, and the scalar, as "When" has them. */
function withWhen(picture: Picture, width: number): Picture {
  const lanes = laneShapes(width);
  const curve = scalarShapes(width);
  const below = picture.height + lanesHeight();
  return {
    ...picture,
    height: below + (curve.length === 0 ? 0 : SCALAR_HEIGHT),
    shapes: [
      ...picture.shapes,
      ...lanes.map((shape) => moveShape(shape, GRID_LEFT, picture.height)),
      ...curve.map((shape) => moveShape(shape, GRID_LEFT, below)),
    ],
  };
}

/** The line of words under the strips. */
function noteShapes({ noteTop }: GridLayout): Shape[] {
  if (noteTop === null) return [];
  const colour = papers[theme.peek()].second;
  return [{ kind: "text", x: 0, y: noteTop + 14, text: foldedText(), size: 11, colour }];
}
