/** A scalar of the selected run → its curve, faint as logged and strong as smoothed, on the step axis of another picture. */

import { useMemo } from "preact/hooks";

import { runColour } from "../../draw/colour";
import { colourOf } from "../../draw/theme";
import { roundUp } from "../../draw/round_up";
import { axisOver, nearestStep, placeOf } from "../../draw/step_axis";
import { formatStep, formatValue } from "../../text/format_number";
import {
  colourNumber,
  raisedRun,
  rivalScalars,
  run,
  runGroups,
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
import { faded, plotBox, type ChartLine, type ChartPicture } from "./step_chart";

const HEIGHT = 100;

export type ShownScalar =
  | { readonly status: "error" | "none" | "loading" }
  | { readonly status: "ready"; readonly tags: readonly string[]; readonly series: ScalarSeries };

/** Of the selected run. */
export function shownScalar(): ShownScalar {
  const tags = shown(scalarTags.value);
  const series = shown(scalar.value);
  if (scalarTags.value.status === "error" || scalar.value.status === "error")
    return { status: "error" };
  if (tags?.length === 0) return { status: "none" };
  if (tags === undefined || series === undefined || series.run !== run.value)
    return { status: "loading" };
  return { status: "ready", tags, series };
}

export type ScalarChartProps = Pick<ChartPicture, "axis" | "width"> & {
  readonly height?: number;
};

export function ScalarChart({ axis, width, height = HEIGHT }: ScalarChartProps) {
  const found = shownScalar();
  if (found.status === "error")
    return <p class="scalar-none">TensorBoard’s scalars cannot be read.</p>;
  if (found.status === "none")
    return (
      <p class="scalar-none">
        No loss or learning rate beside it: this run has no scalars in TensorBoard.
      </p>
    );
  if (found.status !== "ready") return <div style={{ height: height + 20 }} />;
  const { tags, series } = found;
  const size = { axis, width, height, hasStepLabels: true };
  return (
    <>
      <div class="scalar-name">
        <ScalarSelect tags={tags} value={series.tag} />
        <span>faint as logged, strong smoothed</span>
      </div>
      <ScalarCurve series={series} {...size} hasReading />
    </>
  );
}

export interface ScalarSelectProps {
  readonly tags: readonly string[];
  readonly value: string;
}

export function ScalarSelect({ tags, value }: ScalarSelectProps) {
  return (
    <select
      class="scalar-select"
      aria-label="Scalar under the chart"
      title={value}
      value={value}
      onChange={(event) => (scalarTag.value = event.currentTarget.value)}
    >
      {tags.map((name) => (
        <option key={name} value={name} selected={name === value}>
          {name}
        </option>
      ))}
    </select>
  );
}

export interface ScalarCurveProps extends Omit<ChartPicture, "lines" | "scale"> {
  readonly series: ScalarSeries;
  /** Its value stands at the line's end. */
  readonly hasReading?: boolean;
}

const numbersOf = (series: ScalarSeries): number[] => series.values.map((value) => value ?? NaN);

/** Over the other ticked runs' own. */
export function ScalarCurve({ series, hasReading = false, ...size }: ScalarCurveProps) {
  const rivals = rivalScalars.value;
  const raised = raisedRun.value;
  const picture = useMemo<ChartPicture>(() => {
    const values = numbersOf(series);
    const isGrouped = runGroups.value.length > 0;
    const colour = isGrouped
      ? colourOf("text", theme.value)
      : runColour(runNumber(series.run), theme.value);
    const isFaded = raised !== null && raised !== series.run;
    const own = { colour: isFaded ? faded(colour) : colour, steps: series.steps };
    const below = [...rivals.values()].filter(({ run, tag }) => isRival(series, run, tag));
    const lineOf = (each: ScalarSeries): ChartLine => {
      const rival = runColour(colourNumber(each.run), theme.value);
      return {
        colour: raised === null || raised === each.run ? rival : faded(rival),
        steps: each.steps,
        values: smooth(numbersOf(each)),
        width: raised === each.run ? 2 : isGrouped ? 0.8 : 1.2,
      };
    };
    const others = below.filter(({ run }) => run !== raised).map(lineOf);
    const over = below.filter(({ run }) => run === raised).map(lineOf);
    return {
      ...size,
      scale: scaleOf([
        ...values,
        ...[...others, ...over].flatMap(({ values: of }) => Array.from(of)),
      ]),
      lines: [
        ...others,
        { ...own, colour: `${colour}${isFaded ? "20" : "66"}`, values, width: 1 },
        { ...own, values: smooth(values), width: 2, reading: "nearest" },
        ...over,
      ],
    };
  }, [series, rivals, raised, runGroups.value, theme.value, ...Object.values(size)]);
  return (
    <ChartFrame picture={picture} label={`${series.tag} over the steps`}>
      {hasReading && <ReadingAtEnd series={series} picture={picture} />}
    </ChartFrame>
  );
}

const isRival = (series: ScalarSeries, name: string, tag: string): boolean =>
  name !== series.run && tag === series.tag;

/** Around the values, from 0 where that is near. */
function scaleOf(values: readonly number[]): ChartPicture["scale"] {
  const known = values.filter((value) => Number.isFinite(value));
  const low = known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
  if (known.length === 0) return { least: 0, most: 1 };
  if (low === high)
    return low > 0 ? { least: 0, most: 2 * low } : { least: low - 1, most: low + 1 };
  const least = low >= 0 && low < high / 2 ? 0 : low;
  return { least, most: least + roundUp(high - least) };
}

/** As logged, at the logged step nearest to the one that is read; null without one. */
export function ScalarReading({ series }: { readonly series: ScalarSeries }) {
  const wanted = readStep.value;
  if (wanted === null) return null;
  const own = axisOver([series.steps], false);
  const nearest = nearestStep(own, series.steps, placeOf(own, wanted));
  const value = nearest === null ? NaN : (series.values[series.steps.indexOf(nearest)] ?? NaN);
  return (
    <data
      class="scalar-value"
      value={String(value)}
      title={`as logged at step ${formatStep(nearest)}`}
    >
      {formatScalar(value)}
    </data>
  );
}

interface ReadingProps {
  readonly series: ScalarSeries;
  readonly picture: ChartPicture;
}

function ReadingAtEnd({ series, picture }: ReadingProps) {
  const plot = plotBox(picture);
  const style = { left: plot.left + plot.width, top: plot.top + plot.height / 2 - 8 };
  return (
    <span class="scalar-end" style={style}>
      <ScalarReading series={series} />
    </span>
  );
}

/** Small numbers, such as learning rates, in powers of ten. */
export function formatScalar(value: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 0.01 ? value.toExponential(1).replace("-", "−") : formatValue(value);
}
