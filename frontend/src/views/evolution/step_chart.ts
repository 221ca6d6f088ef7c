/** Lines over steps → a uPlot chart in an element, its cursor told to and by the pointed step. */

import uPlot from "uplot";

import type { Scale } from "../../draw/histories";
import { axisTicks, placeOf, type StepAxis } from "../../draw/step_axis";
import { formatValue } from "../../format_number";

export interface ChartLine {
  readonly colour: string;
  readonly width: number;
  readonly dash?: number[];
  readonly steps: ArrayLike<number>;
  /** Not a number leaves a gap. */
  readonly values: ArrayLike<number>;
}

export interface ChartPicture {
  readonly axis: StepAxis;
  readonly scale: Scale;
  readonly lines: readonly ChartLine[];
  readonly colours: { readonly text: string; readonly grid: string; readonly background: string };
  readonly hasStepLabels: boolean;
  readonly width: number;
  readonly height: number;
}

/** CSS pixels beside and above the plot, for numbers. */
export const GUTTER = { left: 28, right: 60, top: 8 };
const STEP_LABELS = 22;

/** Where the plot lies in its element. */
export function plotBox({ width, height, hasStepLabels }: ChartPicture): {
  left: number;
  top: number;
  width: number;
  height: number;
} {
  return {
    left: GUTTER.left,
    top: GUTTER.top,
    width: width - GUTTER.left - GUTTER.right,
    height: height - GUTTER.top - (hasStepLabels ? STEP_LABELS : 6),
  };
}

/** One column of places for all lines; null where a line has a gap, undefined where it has no such step. */
export function alignLines(picture: ChartPicture): uPlot.AlignedData {
  const { axis, lines } = picture;
  const steps = Float64Array.from(new Set(lines.flatMap((line) => [...Array.from(line.steps)])));
  const inside = steps.filter((step) => step >= axis.first && step <= axis.last).sort();
  const rowOf = new Map([...inside].map((step, row) => [step, row]));
  const columns = lines.map((line) => {
    const column = new Array<number | null | undefined>(inside.length);
    for (let at = 0; at < line.steps.length; at++) {
      const row = rowOf.get(line.steps[at]!);
      if (row === undefined) continue;
      const value = line.values[at]!;
      column[row] = Number.isNaN(value) ? null : value;
    }
    return column;
  });
  const places = Array.from(inside, (step) => placeOf(axis, step));
  return [places, ...columns] as uPlot.AlignedData;
}

function ticksOf({ least, most }: Scale): number[] {
  return [least, (least + most) / 2, most];
}

const axisFont = "11px Roboto, sans-serif";

function axesOf({ axis, scale, colours, hasStepLabels, width }: ChartPicture): uPlot.Axis[] {
  const steps = axisTicks(axis, width > 280 ? 5 : 4);
  const look = { stroke: colours.text, font: axisFont, ticks: { show: false } };
  return [
    {
      ...look,
      size: hasStepLabels ? STEP_LABELS : 6,
      gap: 6,
      grid: { show: false },
      splits: () => steps.map((step) => placeOf(axis, step)),
      values: () => (hasStepLabels ? steps.map(String) : steps.map(() => "")),
    },
    {
      ...look,
      size: GUTTER.left,
      gap: 6,
      grid: { stroke: colours.grid, width: 1 },
      splits: () => ticksOf(scale),
      values: (_, splits) => splits.map(tickText),
    },
  ];
}

function tickText(value: number): string {
  return Number.isInteger(value) ? String(value) : formatValue(value).replace(/0$/, "");
}

/** `onPoint` gets the place of the pointer across the plot, or null. */
export function makeChart(
  element: HTMLElement,
  picture: ChartPicture,
  onPoint: (place: number | null) => void,
): uPlot {
  const { scale, lines, colours, width, height } = picture;
  return new uPlot(
    {
      width,
      height,
      padding: [GUTTER.top, GUTTER.right, 0, 0],
      legend: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: false, range: [0, 1] },
        y: { range: [scale.least, scale.most] },
      },
      axes: axesOf(picture),
      series: [
        {},
        ...lines.map(({ colour, width: thickness, dash }) => ({
          stroke: colour,
          width: thickness,
          ...(dash === undefined ? {} : { dash }),
          points: { show: (_: uPlot, at: number) => isPoint(lines[at - 1]!) },
        })),
      ],
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        points: {
          size: 7,
          width: 1,
          stroke: colours.background,
          fill: (_, at) => lines[at - 1]?.colour ?? colours.text,
        },
      },
      hooks: {
        setCursor: [
          (chart) => {
            const { left } = chart.cursor;
            onPoint(left === undefined || left < 0 ? null : chart.posToVal(left, "x"));
          },
        ],
      },
    },
    alignLines(picture),
    element,
  );
}

/** A single value is no line. */
function isPoint({ values }: ChartLine): boolean {
  return values.length === 1;
}

/** Move the cursor without telling anyone; null takes it away. */
export function moveCursor(chart: uPlot, place: number | null): void {
  const left = place === null ? -10 : chart.valToPos(place, "x");
  chart.setCursor({ left, top: place === null ? -10 : 0 }, false);
}
