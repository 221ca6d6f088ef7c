/** The opened head → its curves in all drawn runs, and the runs in the order of its value at the step that is read. */

import { useEffect, useMemo } from "preact/hooks";

import { runColour } from "../../draw/colour";
import type { Cell } from "../../draw/grid";
import { colourOf } from "../../draw/theme";
import { ChartFrame } from "../../parts/chart/chart_frame";
import { faded, type ChartLine, type ChartPicture } from "../../parts/chart/step_chart";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import {
  colourNumber,
  pointedRun,
  raisedRun,
  readStep,
  run,
  runGroups,
  runPrefix,
  selectRun,
  theme,
} from "../../state";
import { formatStep, formatValue } from "../../text/format_number";
import { layerName } from "../../text/layer_names";
import { folderOf } from "../../text/name_filter";
import { openPattern } from "./open_pattern";
import { openedHead } from "./pointed";
import { runsOfHead, type RunOfHead } from "./run_ranking";
import { main, others, shapes } from "./scene";

const HEIGHT = 170;
const GUTTER = { left: 28, right: 8 };

export interface RunsByHeadProps {
  readonly cell: Cell;
  readonly width: number;
}

const leave = (): void => void (pointedRun.value = null);

export function RunsByHead({ cell, width }: RunsByHeadProps) {
  const read = readStep.value;
  useEffect(() => leave, []);
  const rows = useMemo(() => {
    const own = main.value === null ? [] : [{ name: run.value!, histories: main.value.histories }];
    return runsOfHead([...own, ...others.value], cell, read);
  }, [main.value, others.value, cell, read]);
  const picture = usePicture(rows, cell, width);
  return (
    <section class="runs-by-head" aria-label="Runs by this head">
      <header class="side-header">
        <h2>
          {layerName(shapes.value, cell.layer)} · Head{" "}
          {headNumber(shapes.value[cell.layer], cell.head)}
        </h2>
        <span class="model-hint">{rows.length} runs</span>
        <button type="button" class="link" onClick={() => openPattern(cell, read)}>
          Open →
        </button>
        <button type="button" class="link" onClick={() => (openedHead.value = null)}>
          Close
        </button>
      </header>
      {picture !== null && (
        <ChartFrame picture={picture} label={`This head in ${rows.length} runs`} />
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">Runs by this head</th>
            <th scope="col">emerged at</th>
            <th scope="col">step {formatStep(read)}</th>
          </tr>
        </thead>
        <tbody onPointerLeave={leave}>
          {rows.map((row) => (
            <RunLine key={row.name} row={row} />
          ))}
        </tbody>
      </table>
      <p class="side-hint">{emergedText(rows)}</p>
    </section>
  );
}

/** The pointed run, else the selected one, strong and on top. */
function usePicture(
  rows: readonly RunOfHead[],
  { layer, head }: Cell,
  width: number,
): ChartPicture | null {
  const histories = main.value?.histories;
  const raised = raisedRun.value;
  const strong = raised ?? run.value;
  return useMemo(() => {
    if (histories === undefined) return null;
    const drawn = rows
      .toSorted((a, b) => Number(a.name === strong) - Number(b.name === strong))
      .map(({ name, histories: of }): ChartLine => {
        const isStrong = name === strong;
        const colour = runColour(colourNumber(name), theme.value);
        return {
          colour: isStrong
            ? colourOf("text", theme.value)
            : raised === null
              ? colour
              : faded(colour),
          width: isStrong ? 2 : 1,
          steps: of.steps,
          values: Float64Array.from(of.steps, (step) => of.at(step, layer, head)),
          ...(isStrong && { reading: "nearest" as const }),
        };
      });
    const { axis, scale } = histories;
    return {
      axis,
      scale,
      lines: drawn,
      hasStepLabels: true,
      width,
      height: HEIGHT,
      gutter: GUTTER,
    };
  }, [rows, histories, layer, head, width, raised, strong, theme.value, runGroups.value]);
}

function RunLine({ row: { name, emerged, value } }: { readonly row: RunOfHead }) {
  const own = name.slice(runPrefix.value.length);
  const folder = folderOf(own);
  return (
    <tr
      title={name}
      class={name === (raisedRun.value ?? run.value) ? "is-selected" : ""}
      onPointerEnter={() => (pointedRun.value = name)}
      onClick={() => selectRun(name)}
    >
      <td>
        <button type="button" aria-current={name === run.value} aria-label={`Show ${name}`}>
          <i style={{ background: runColour(colourNumber(name), theme.value) }} />
          <span class="folder-name">{folder.replace(/\/$/, "")}</span>
          <bdi>{own.slice(folder.length)}</bdi>
        </button>
      </td>
      <td>{formatStep(emerged)}</td>
      <td>
        <data value={String(value)}>{Number.isNaN(value) ? "–" : formatValue(value)}</data>
      </td>
    </tr>
  );
}

/** "Changed for good: a at 1,250–1,500 (6 of 6), b in none." */
function emergedText(rows: readonly RunOfHead[]): string {
  const parts = runGroups.value.map(({ name, runs }) => {
    const inside = rows.filter((row) => runs.includes(row.name));
    const steps = inside.flatMap(({ emerged }) => (emerged === null ? [] : [emerged]));
    if (steps.length === 0) return `${name} in none`;
    const ends = [Math.min(...steps), Math.max(...steps)].map(formatStep);
    const when = ends[0] === ends[1] ? ends[0] : ends.join("–");
    return `${name} at ${when} (${steps.length} of ${inside.length})`;
  });
  return parts.length === 0 ? "" : `Changed for good: ${parts.join("; ")}.`;
}
