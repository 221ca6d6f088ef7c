/** A chart's lines and what stands beside them → the chart, the slider's step, marks and labels in one frame. */

import { effect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { nearestStep, placeOf } from "../../draw/step_axis";
import { hoverStep, step } from "../../state";
import { metrics } from "../model/scene";
import { makeChart, moveCursor, plotBox, type ChartPicture } from "./step_chart";

export interface ChartFrameProps {
  readonly picture: ChartPicture;
  readonly label: string;
  /** In the frame's own coordinates. */
  readonly children?: ComponentChildren;
}

export function ChartFrame({ picture, label, children }: ChartFrameProps) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (document.createElement("canvas").getContext("2d") === null) return;
    const { axis } = picture;
    const chart = makeChart(element.current!, picture, (place) => {
      const known = metrics.peek()?.steps ?? [];
      hoverStep.value = place === null ? null : nearestStep(axis, known, place);
    });
    const dispose = effect(() => {
      const pointed = hoverStep.value;
      moveCursor(chart, pointed === null ? null : placeOf(axis, pointed));
    });
    return () => {
      dispose();
      chart.destroy();
    };
  }, [picture]);
  const { width, height } = picture;
  const plot = plotBox(picture);
  const place = step.value === null ? null : placeOf(picture.axis, step.value);
  return (
    <div class="step-chart" style={{ width, height }}>
      <div ref={element} role="img" aria-label={label} />
      {place !== null && place >= 0 && place <= 1 && (
        <i
          class="chart-step"
          style={{ left: plot.left + place * plot.width, top: plot.top, height: plot.height }}
        />
      )}
      {children}
    </div>
  );
}
