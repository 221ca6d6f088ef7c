/** A chart's lines and what stands beside them → grid, lines, the slider's and the pointed step, labels in one frame. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { nearestStep, placeOf } from "../../draw/step_axis";
import { hoverStep, step, metrics } from "../../state";
import {
  heightOf,
  plotBox,
  readLine,
  stepTicks,
  strokeLines,
  valueTicks,
  type ChartPicture,
} from "./step_chart";

export interface ChartFrameProps {
  readonly picture: ChartPicture;
  readonly label: string;
  /** In the frame's own coordinates. */
  readonly children?: ComponentChildren;
}

export function ChartFrame({ picture, label, children }: ChartFrameProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => strokeLines(canvas.current!, picture, window.devicePixelRatio), [picture]);
  const { width, height } = picture;
  const plot = plotBox(picture);
  const point = (event: PointerEvent): void => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    const place = Math.min(1, Math.max(0, (event.clientX - left) / plot.width));
    hoverStep.value = nearestStep(picture.axis, metrics.peek()?.exactSteps ?? [], place);
  };
  return (
    <div class="step-chart" style={{ width, height }}>
      <ValueTicks picture={picture} />
      {picture.hasStepLabels && <StepTicks picture={picture} />}
      <div
        class="chart-plot"
        style={plot}
        onPointerMove={point}
        onPointerLeave={() => (hoverStep.value = null)}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={label}
          style={{ width: plot.width, height: plot.height }}
        />
        <ShownStep picture={picture} />
        <PointedStep picture={picture} />
      </div>
      {children}
    </div>
  );
}

interface PartProps {
  readonly picture: ChartPicture;
}

function ValueTicks({ picture }: PartProps) {
  const plot = plotBox(picture);
  return (
    <div aria-hidden="true">
      {valueTicks(picture.scale).map(({ text, place }) => {
        const top = plot.top + (1 - place) * plot.height;
        return (
          <div key={place}>
            <i class="chart-rule" style={{ left: plot.left, width: plot.width, top }} />
            <span class="chart-value" style={{ top: top - 8, width: plot.left - 6 }}>
              {text}
            </span>
          </div>
        );
      })}
    </div>
  );
}

export function StepTicks({ picture }: PartProps) {
  const plot = plotBox(picture);
  return (
    <div aria-hidden="true">
      {stepTicks(picture).map(({ text, place }) => (
        <span
          key={place}
          class="chart-tick"
          style={{ left: plot.left + place * plot.width - 24, top: plot.top + plot.height + 4 }}
        >
          {text}
        </span>
      ))}
    </div>
  );
}

function ShownStep({ picture: { axis } }: PartProps) {
  if (step.value === null || step.value < axis.first || step.value > axis.last) return null;
  return <i class="chart-step" style={{ left: `${100 * placeOf(axis, step.value)}%` }} />;
}

/** An upright line, and a dot on each line that has a value there. */
function PointedStep({ picture: { axis, scale, lines } }: PartProps) {
  const pointed = hoverStep.value;
  if (pointed === null) return null;
  const left = `${100 * placeOf(axis, pointed)}%`;
  return (
    <>
      <i class="chart-pointer" style={{ left }} />
      {lines.map((line, at) => {
        const value = readLine(line, pointed);
        if (Number.isNaN(value)) return null;
        const top = `${100 * (1 - heightOf(value, scale))}%`;
        return <i key={at} class="chart-dot" style={{ left, top, background: line.colour }} />;
      })}
    </>
  );
}
