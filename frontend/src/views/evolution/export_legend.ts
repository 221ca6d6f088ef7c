/** Runs, baseline, marks and the scalar beside the heads → the legend and the curve below the picture. */

import { cssOf, rgbOf, runColour } from "../../draw/colour";
import type { Mark } from "../../draw/figure";
import { MOST_BANDS } from "../../draw/group_histories";
import { papers, type Shape } from "../../draw/picture";
import { placeOf } from "../../draw/step_axis";
import { colourOf } from "../../draw/theme";
import { formatStep, formatValue } from "../../text/format_number";
import {
  colourNumber,
  run,
  scalar,
  showBaseline,
  showMarks,
  shownMetric,
  step,
  theme,
} from "../../state";
import { inUnit } from "../../text/metric_names";
import { axis, baselineOf, groups, main, markLimit, others, shapes } from "./scene";

/** Where the cells of the grid's picture begin. */
export const GRID_LEFT = 48;
export const SCALAR_HEIGHT = 132;
const TOP = 28;
const HEIGHT = 72;

const colourOfRun = (number: number): string => cssOf(rgbOf(runColour(number, theme.peek())));

/** What uniform attention scores: one number, or from the least to the most of the layers. */
function uniformText(): string | null {
  const known = shapes
    .peek()
    .map((_, layer) => baselineOf(layer))
    .filter((each) => !Number.isNaN(each));
  if (!showBaseline.peek() || known.length === 0) return null;
  const [least, most] = [Math.min(...known), Math.max(...known)].map(formatValue);
  return `uniform attention ${inUnit(least === most ? least! : `${least}–${most}`, shownMetric.peek())}`;
}

const bandText = (): string =>
  groups.peek().length <= MOST_BANDS ? ", faint: lowest and highest" : "";

export function evolutionMarks(): Mark[] {
  const isGrouped = groups.peek().length > 0;
  const ink = papers[theme.peek()].ink;
  const own = {
    text: run.peek() ?? "",
    colour: isGrouped ? ink : colourOfRun(main.peek()?.run ?? 0),
  };
  const uniform = uniformText();
  const colour = papers[theme.peek()].second;
  const marks: Mark[] = [
    { kind: "line", ...own },
    ...groups.peek().map(({ name, lines: { run: number, runs } }): Mark => ({
      kind: "line",
      colour: colourOfRun(number),
      text: `${name}: median of ${runs.length}${bandText()}`,
    })),
    ...(isGrouped ? [] : others.peek()).map(({ name, run: number }): Mark => ({
      kind: "line",
      colour: colourOfRun(number),
      text: name,
    })),
  ];
  if (uniform !== null) marks.push({ kind: "line", colour, text: uniform, isDotted: true });
  if (showMarks.peek())
    marks.push({
      kind: "note",
      text: `▼ lasting change ≥ ${inUnit(formatValue(markLimit.peek()), shownMetric.peek())}`,
    });
  if (step.peek() !== null)
    marks.push({
      kind: "box",
      colour: colourOf("accent", theme.peek()),
      text: `step ${formatStep(step.peek())}`,
    });
  return marks;
}

/** The scalar that stands under the heads, over the same steps; nothing where there is none. */
export function scalarShapes(width: number): Shape[] {
  const now = scalar.peek();
  if (now.status !== "ready" || now.value.run !== run.peek()) return [];
  const { tag, steps, values } = now.value;
  const over = axis.peek();
  const drawn = steps.flatMap((at, i) => {
    const value = values[i];
    const isDrawn = typeof value === "number" && at >= over.first && at <= over.last;
    return isDrawn ? [{ at, value }] : [];
  });
  if (drawn.length === 0) return [];
  const most = Math.max(...drawn.map(({ value }) => value));
  const least = Math.min(...drawn.map(({ value }) => value));
  const { second, hairline } = papers[theme.peek()];
  const points = drawn.map(({ at, value }): readonly [number, number] => [
    placeOf(over, at) * width,
    TOP + HEIGHT * (most > least ? 1 - (value - least) / (most - least) : 0.5),
  ]);
  const small = { kind: "text", size: 11, colour: second } as const;
  const below = TOP + HEIGHT + 14;
  return [
    { kind: "text", x: 0, y: 16, text: tag, size: 12, isBold: true },
    { ...small, x: -6, y: TOP + 8, text: formatValue(most), anchor: "end" },
    { ...small, x: -6, y: TOP + HEIGHT, text: formatValue(least), anchor: "end" },
    { kind: "box", x: 0, y: TOP + HEIGHT, width, height: 1, colour: hairline },
    { kind: "line", points, colour: colourOfRun(colourNumber(now.value.run ?? "")), width: 1.5 },
    { ...small, x: 0, y: below, text: `step ${formatStep(over.first)}` },
    { ...small, x: width, y: below, text: `step ${formatStep(over.last)}`, anchor: "end" },
  ];
}
