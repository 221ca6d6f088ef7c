/** Lines over steps → where they lie in a chart, and their strokes on a canvas. */

import type { Scale } from "../../draw/histories";
import { axisTicks, nearestStep, placeOf, type StepAxis } from "../../draw/step_axis";
import { formatStep, formatValue } from "../../text/format_number";

export interface ChartLine {
  readonly colour: string;
  readonly width: number;
  readonly dash?: readonly number[];
  /** Rising. */
  readonly steps: ArrayLike<number>;
  /** Not a number leaves a gap. */
  readonly values: ArrayLike<number>;
  /** Read at a pointed step: at that very step, or at the logged one nearest to it. */
  readonly reading?: "exact" | "nearest";
}

/** Beside a line that stands out. */
export const faded = (colour: string): string => `${colour}40`;

export interface ChartPicture {
  readonly axis: StepAxis;
  readonly scale: Scale;
  /** The last one on top. */
  readonly lines: readonly ChartLine[];
  readonly hasStepLabels: boolean;
  /** CSS pixels, labels included. */
  readonly width: number;
  readonly height: number;
  /** Left and right of the plot, where it is not the usual. */
  readonly gutter?: { readonly left: number; readonly right: number };
  /** The plot begins at the very top. */
  readonly isFlush?: boolean;
}

/** CSS pixels beside and above the plot, for labels. */
const GUTTER = { left: 28, right: 60, top: 8, bottom: 6 };
const STEP_LABELS = 22;

/** Where the plot lies in its chart. */
export function plotBox({
  width,
  height,
  hasStepLabels,
  gutter = GUTTER,
  isFlush = false,
}: Pick<ChartPicture, "width" | "height" | "hasStepLabels" | "gutter" | "isFlush">): {
  left: number;
  top: number;
  width: number;
  height: number;
} {
  return {
    left: gutter.left,
    top: isFlush ? 0 : GUTTER.top,
    width: width - gutter.left - gutter.right,
    height: height - (isFlush ? 0 : GUTTER.top) - (hasStepLabels ? STEP_LABELS : GUTTER.bottom),
  };
}

export interface Tick {
  readonly text: string;
  /** 0..1 across, or upwards. */
  readonly place: number;
}

export function valueTicks({ least, most }: Scale): Tick[] {
  return [0, 0.5, 1].map((place) => ({ place, text: tickText(least + place * (most - least)) }));
}

function tickText(value: number): string {
  return Number.isInteger(value) ? String(value) : formatValue(value).replace(/0$/, "");
}

/** Round steps, and no labels that would run into one another. */
export function stepTicks({ axis, width }: ChartPicture): Tick[] {
  const ticks = axisTicks(axis, width > 700 ? 8 : width > 280 ? 5 : 4);
  return ticks.map((step) => ({ place: placeOf(axis, step), text: formatStep(step) }));
}

/** Height of a value in the plot, 0..1 upwards. */
export function heightOf(value: number, { least, most }: Scale): number {
  return (value - least) / (most - least);
}

/** What a line says of a step; NaN where it has none. */
export function readLine({ steps, values, reading }: ChartLine, step: number): number {
  if (reading === undefined || steps.length === 0) return NaN;
  const axis = { first: steps[0]!, last: steps[steps.length - 1]!, isLog: false };
  const nearest = nearestStep(axis, steps, placeOf(axis, step));
  if (reading === "exact" && nearest !== step) return NaN;
  return values[Array.prototype.indexOf.call(steps, nearest)] ?? NaN;
}

/** The strokes alone, over the whole canvas. */
export function strokeLines(canvas: HTMLCanvasElement, picture: ChartPicture, ratio: number): void {
  const { width, height } = plotBox(picture);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  context.lineJoin = "round";
  for (const line of picture.lines) {
    context.strokeStyle = context.fillStyle = line.colour;
    context.lineWidth = line.width;
    context.setLineDash([...(line.dash ?? [])]);
    strokeLine(context, picture, line);
  }
}

/** Within the axis; a value without neighbours is a dot. */
function strokeLine(
  context: CanvasRenderingContext2D,
  picture: ChartPicture,
  { steps, values, width: thickness }: ChartLine,
): void {
  const { axis, scale } = picture;
  const { width, height } = plotBox(picture);
  let before: [x: number, y: number] | null = null;
  let isDrawn = false;
  context.beginPath();
  for (let at = 0; at <= steps.length; at++) {
    const value = values[at] ?? NaN;
    const isOff = Number.isNaN(value) || steps[at]! < axis.first || steps[at]! > axis.last;
    if (isOff) {
      if (before !== null && !isDrawn) context.fillRect(before[0] - 4, before[1] - 1.5, 8, 3);
      before = null;
      continue;
    }
    const x = placeOf(axis, steps[at]!) * width;
    const y = thickness / 2 + (1 - heightOf(value, scale)) * (height - thickness);
    isDrawn = before !== null;
    if (isDrawn) context.lineTo(x, y);
    else context.moveTo(x, y);
    before = [x, y];
  }
  context.stroke();
}
