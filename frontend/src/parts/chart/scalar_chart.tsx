/** A scalar of the selected run → its curve, faint as logged and strong as smoothed, under the chart of heads. */

import { useMemo } from "preact/hooks";

import { runColour } from "../../draw/colour";
import { roundUp } from "../../draw/round_up";
import { axisOver, nearestStep, placeOf, type StepAxis } from "../../draw/step_axis";
import { formatValue } from "../../text/format_number";
import {
  run,
  runNumber,
  scalar,
  scalarTag,
  scalarTags,
  shown,
  theme,
  type ScalarSeries,
  readStep,
} from "../../state";
import { ChartFrame } from "./chart_frame";
import { smooth } from "./smooth";
import { plotBox, type ChartPicture } from "./step_chart";

const HEIGHT = 100;

export interface ScalarChartProps {
  /** The one of the chart above. */
  readonly axis: StepAxis;
  readonly width: number;
}

export function ScalarChart({ axis, width }: ScalarChartProps) {
  const tags = shown(scalarTags.value);
  const series = shown(scalar.value);
  if (scalarTags.value.status === "error" || scalar.value.status === "error")
    return <p class="scalar-none">TensorBoard’s scalars cannot be read.</p>;
  if (tags?.length === 0)
    return (
      <p class="scalar-none">
        No loss or learning rate beside it: this run has no scalars in TensorBoard.
      </p>
    );
  if (tags === undefined || series === undefined || series.run !== run.value)
    return <div style={{ height: HEIGHT + 20 }} />;
  return (
    <>
      <label class="scalar-name">
        <select
          aria-label="Scalar under the chart"
          value={series.tag}
          onChange={(event) => (scalarTag.value = event.currentTarget.value)}
        >
          {tags.map((name) => (
            <option key={name} value={name} selected={name === series.tag}>
              {name}
            </option>
          ))}
        </select>
        <span>faint as logged, strong smoothed</span>
      </label>
      <Curve series={series} axis={axis} width={width} />
    </>
  );
}

function Curve({ series, axis, width }: ScalarChartProps & { readonly series: ScalarSeries }) {
  const values = useMemo(() => series.values.map((value) => value ?? NaN), [series]);
  const colour = runColour(runNumber(series.run), theme.value);
  const picture = useMemo<ChartPicture>(() => {
    const line = { colour, steps: series.steps };
    return {
      axis,
      scale: scaleOf(values),
      lines: [
        { ...line, colour: `${colour}66`, values, width: 1 },
        { ...line, values: smooth(values), width: 2, reading: "nearest" },
      ],
      hasStepLabels: true,
      width,
      height: HEIGHT,
    };
  }, [series, axis, colour, width]);
  return (
    <ChartFrame picture={picture} label={`${series.tag} over the steps`}>
      <Reading series={series} values={values} picture={picture} />
    </ChartFrame>
  );
}

/** Around the values, from 0 where that is near. */
function scaleOf(values: readonly number[]): ChartPicture["scale"] {
  const known = values.filter((value) => Number.isFinite(value));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (known.length === 0) return { least: 0, most: 1 };
  if (low === high)
    return low > 0 ? { least: 0, most: 2 * low } : { least: low - 1, most: low + 1 };
  const least = low >= 0 && low < high / 2 ? 0 : low;
  return { least, most: least + roundUp(high - least) };
}

interface ReadingProps {
  readonly series: ScalarSeries;
  readonly values: readonly number[];
  readonly picture: ChartPicture;
}

/** As logged, at the logged step nearest to the one that is read. */
function Reading({ series, values, picture }: ReadingProps) {
  const wanted = readStep.value;
  if (wanted === null) return null;
  const own = axisOver([series.steps], false);
  const nearest = nearestStep(own, series.steps, placeOf(own, wanted));
  const value = nearest === null ? NaN : values[series.steps.indexOf(nearest)]!;
  const plot = plotBox(picture);
  return (
    <data
      class="scalar-value"
      value={String(value)}
      title={`as logged at step ${nearest}`}
      style={{ left: plot.left + plot.width, top: plot.top + plot.height / 2 - 8 }}
    >
      {formatScalar(value)}
    </data>
  );
}

/** Small numbers, such as learning rates, in powers of ten. */
export function formatScalar(value: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 0.01 ? value.toExponential(1).replace("-", "−") : formatValue(value);
}
