/** What came of the wanted cell over the steps → a chart with a line for each visible run and the present step. */

import { capital } from "../../text/metric_names";
import { markedAt } from "../../decoding/lasting_change";
import { runColour } from "../../draw/colour";
import { axisOver, placeOf, type StepAxis } from "../../draw/step_axis";
import { formatStep } from "../../text/format_number";
import { elide } from "../../text/tokens";
import {
  cellHistory,
  type CellHistory,
  type CellLine,
  markAbove,
  run,
  runNumber,
  step,
  theme,
  quantityName,
} from "../../state";

const LEFT = 16;

interface Plot {
  readonly axis: StepAxis;
  readonly width: number;
  readonly height: number;
}

/** Pixels from the left of the chart. */
function leftOf({ axis, width }: Plot, at: number): number {
  return LEFT + (width - LEFT) * placeOf(axis, at);
}

/** Steps that were not asked for are bridged; what came as NaN leaves a gap only between lines of points. */
function points(plot: Plot, { steps, values }: CellLine): string {
  return steps
    .flatMap((at, i) => {
      const value = values[i]!;
      const isOutside = at < plot.axis.first || at > plot.axis.last;
      if (Number.isNaN(value) || isOutside) return [];
      return [
        `${leftOf(plot, at).toFixed(1)},${(plot.height * (1 - Math.min(1, value))).toFixed(1)}`,
      ];
    })
    .join(" ");
}

function Line({ plot, line }: { plot: Plot; line: CellLine }) {
  const colour = runColour(runNumber(line.run), theme.value);
  const main = line.run === run.value;
  const drawn = points(plot, line);
  const change = main ? markedAt(line.values, markAbove.value) : -1;
  const x = change < 0 ? 0 : leftOf(plot, line.steps[change]!);
  return (
    <g>
      <title>{line.run}</title>
      {drawn.includes(" ") ? (
        <polyline points={drawn} fill="none" stroke={colour} stroke-width={main ? 2 : 1} />
      ) : (
        drawn !== "" && (
          <circle cx={drawn.split(",")[0]} cy={drawn.split(",")[1]} r="2.5" fill={colour} />
        )
      )}
      {change >= 0 && <path class="chart-mark" d={`M${x - 4} -6h8l-4 6z`} />}
    </g>
  );
}

function said({ done, asked, logged }: CellHistory): string {
  if (done < asked) return `${done} of ${asked} steps …`;
  return asked < logged ? `at ${asked} of ${logged} steps` : "";
}

export interface CellChartProps {
  width: number;
  /** Of the plot. */
  height: number;
  /** The pointer is on another cell than the one that is followed. */
  pointsElsewhere: boolean;
}

export function CellChart({ width, height, pointsElsewhere }: CellChartProps) {
  const history = cellHistory.value;
  if (history === null || history.lines.length === 0) return null;
  const own = history.lines.filter((line) => line.run === run.value);
  const axis = axisOver(
    (own.length > 0 ? own : history.lines).map(({ steps }) => steps),
    false,
  );
  const plot = { axis, width, height };
  const names = history.lines.map((line) => line.run).join(", ");
  const middle = Math.round((axis.first + axis.last) / 2);
  const ticks = axis.last > axis.first ? [axis.first, middle, axis.last] : [axis.first];
  const present = step.value;
  return (
    <section class={pointsElsewhere ? "cell-chart is-elsewhere" : "cell-chart"}>
      <h3>
        {pointsElsewhere ? "The selected cell over the steps" : "This cell over the steps"}
        <span>{said(history)}</span>
      </h3>
      <svg
        width={width}
        height={height + 24}
        viewBox={`0 -8 ${width} ${height + 24}`}
        role="img"
        aria-label={`${capital(quantityName.value)} of the cell over the steps; runs: ${elide(names, 80)}`}
      >
        <path class="chart-frame" d={`M${LEFT} 0H${width}M${LEFT} ${height}H${width}`} />
        <text x="0" y="4">
          1
        </text>
        <text x="0" y={height + 4}>
          0
        </text>
        {[...history.lines].reverse().map((line) => (
          <Line key={line.run} plot={plot} line={line} />
        ))}
        {present !== null && present >= axis.first && present <= axis.last && (
          <path class="chart-present" d={`M${leftOf(plot, present)} 0V${height}`} />
        )}
        {ticks.map((at, i) => (
          <text
            key={at}
            x={leftOf(plot, at)}
            y={height + 15}
            text-anchor={i === 0 ? "start" : i === ticks.length - 1 ? "end" : "middle"}
          >
            {formatStep(at)}
          </text>
        ))}
      </svg>
    </section>
  );
}
