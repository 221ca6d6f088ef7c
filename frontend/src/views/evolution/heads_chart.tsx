/** The chosen heads → their histories in one chart, named and read at the lines' ends. */

import { useMemo } from "preact/hooks";

import { headColour } from "../../draw/colour";
import type { Cell } from "../../draw/grid";
import type { Histories } from "../../draw/histories";
import { placeOf } from "../../draw/step_axis";
import { formatStep, formatValue } from "../../text/format_number";
import { raisedRun, run, showMarks, theme } from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { chosen, toggleChosen } from "./chosen";
import { ChartFrame } from "../../parts/chart/chart_frame";
import { spreadLabels } from "../../parts/chart/label_places";
import { groups, main, others, shapes, valueOf } from "./scene";
import { faded, plotBox, type ChartLine, type ChartPicture } from "../../parts/chart/step_chart";
import { layerShort } from "../../text/layer_names";

const LABEL_HEIGHT = 15;

export interface HeadsChartProps {
  readonly width: number;
  readonly height: number;
}

export function HeadsChart({ width, height }: HeadsChartProps) {
  const heads = chosen.value;
  const histories = main.value!.histories;
  const picture = useMemo<ChartPicture>(
    () => ({
      axis: histories.axis,
      scale: histories.scale,
      lines: linesOf(heads),
      hasStepLabels: false,
      width,
      height,
    }),
    [histories, heads, others.value, raisedRun.value, theme.value, width, height],
  );
  return (
    <ChartFrame picture={picture} label={`Chosen heads: ${heads.map(nameOf).join(", ")}`}>
      {showMarks.value && <Marks picture={picture} histories={histories} heads={heads} />}
      <Labels picture={picture} histories={histories} heads={heads} />
    </ChartFrame>
  );
}

export function nameOf({ layer, head }: Cell): string {
  return `${layerShort(shapes.value, layer)}.${headNumber(shapes.value[layer], head)}`;
}

/** Other runs dashed and below, but for the one that is pointed at. */
function linesOf(heads: readonly Cell[]): ChartLine[] {
  const raised = raisedRun.value;
  const isOver = (name: string | null): boolean => name === raised;
  const linesOfRun = (histories: Histories, name: string | null): Omit<ChartLine, "width">[] =>
    heads.map(({ layer, head }) => {
      const colour = headColour(head, theme.value);
      return {
        colour: raised === null || isOver(name) ? colour : faded(colour),
        steps: histories.steps,
        values: Float64Array.from(histories.steps, (step) => histories.at(step, layer, head)),
      };
    });
  const rivals = others.value.filter(({ name }) => groups.value.length === 0 || isOver(name));
  const below = rivals.flatMap(({ name, histories }) =>
    linesOfRun(histories, name).map((line) => ({
      ...line,
      width: isOver(name) ? 2 : 1,
      dash: [2, 3],
    })),
  );
  const own = linesOfRun(main.value!.histories, run.value).map((line) => ({
    ...line,
    width: 2,
    reading: "exact" as const,
  }));
  return raised === null || isOver(run.value) ? [...below, ...own] : [...own, ...below];
}

interface PartProps {
  readonly picture: ChartPicture;
  readonly histories: Histories;
  readonly heads: readonly Cell[];
}

/** Triangles over the plot where lasting changes begin. */
function Marks({ picture, histories, heads }: PartProps) {
  const plot = plotBox(picture);
  return (
    <>
      {heads.map(({ layer, head }) => {
        const change = histories.change(layer, head);
        if (change === null) return null;
        const left = plot.left + placeOf(picture.axis, change.step) * plot.width;
        const color = headColour(head, theme.value);
        const title = `${nameOf({ layer, head })}: step ${formatStep(change.step)}`;
        return (
          <i key={`${layer}.${head}`} class="chart-mark" title={title} style={{ left, color }} />
        );
      })}
    </>
  );
}

/** At the end of each line its head, and its value at the step that is read; a click takes it out. */
function Labels({ picture, histories, heads }: PartProps) {
  const plot = plotBox(picture);
  const ends = heads.map(({ layer, head }) => {
    const { values } = histories.line(layer, head);
    return values.findLast((value) => !Number.isNaN(value)) ?? 0;
  });
  const wanted = ends.map((end) => plot.top + (1 - end) * plot.height - LABEL_HEIGHT / 2);
  const tops = spreadLabels(wanted, LABEL_HEIGHT, picture.height - LABEL_HEIGHT);
  return (
    <>
      {heads.map((cell, at) => (
        <button
          key={nameOf(cell)}
          type="button"
          class="chart-label"
          style={{ left: plot.left + plot.width + 2, top: tops[at] }}
          title="Take out of the chart"
          aria-label={`Head ${nameOf(cell)}, ${formatValue(valueOf(cell))}: take out of the chart`}
          onClick={() => toggleChosen(cell)}
        >
          <i style={{ background: headColour(cell.head, theme.value) }} />
          <strong>{nameOf(cell)}</strong>
          <data value={String(valueOf(cell))}>{formatValue(valueOf(cell))}</data>
        </button>
      ))}
    </>
  );
}
