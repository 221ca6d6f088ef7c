/** The opened head → its curves in all drawn runs, and the runs in the order of its value at the step that is read. */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { runColour } from "../../draw/colour";
import type { Cell } from "../../draw/grid";
import { colourOf } from "../../draw/theme";
import { ChartFrame } from "../../parts/chart/chart_frame";
import type { ChartLine, ChartPicture } from "../../parts/chart/step_chart";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { colourNumber, readStep, run, runGroups, runPrefix, selectRun, theme } from "../../state";
import { formatValue } from "../../text/format_number";
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

export function RunsByHead({ cell, width }: RunsByHeadProps) {
  const lit = useSignal<string | null>(null);
  const read = readStep.value;
  const rows = useMemo(() => {
    const own = main.value === null ? [] : [{ name: run.value!, histories: main.value.histories }];
    return runsOfHead([...own, ...others.value], cell, read);
  }, [main.value, others.value, cell, read]);
  const picture = usePicture(rows, cell, width, lit.value ?? run.value);
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
            <th scope="col">step {read?.toLocaleString("en")}</th>
          </tr>
        </thead>
        <tbody onPointerLeave={() => (lit.value = null)}>
          {rows.map((row) => (
            <RunLine key={row.name} row={row} onPoint={() => (lit.value = row.name)} />
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
  strong: string | null,
): ChartPicture | null {
  const histories = main.value?.histories;
  return useMemo(() => {
    if (histories === undefined) return null;
    const drawn = rows
      .toSorted((a, b) => Number(a.name === strong) - Number(b.name === strong))
      .map(({ name, histories: of }): ChartLine => {
        const isStrong = name === strong;
        return {
          colour: isStrong
            ? colourOf("text", theme.value)
            : runColour(colourNumber(name), theme.value),
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
  }, [rows, histories, layer, head, width, strong, theme.value, runGroups.value]);
}

interface RunLineProps {
  readonly row: RunOfHead;
  readonly onPoint: () => void;
}

function RunLine({ row: { name, emerged, value }, onPoint }: RunLineProps) {
  const own = name.slice(runPrefix.value.length);
  const folder = folderOf(own);
  return (
    <tr
      title={name}
      class={name === run.value ? "is-selected" : ""}
      onPointerEnter={onPoint}
      onClick={() => selectRun(name)}
    >
      <td>
        <button type="button" aria-current={name === run.value} aria-label={`Show ${name}`}>
          <i style={{ background: runColour(colourNumber(name), theme.value) }} />
          <span class="folder-name">{folder.replace(/\/$/, "")}</span>
          <bdi>{own.slice(folder.length)}</bdi>
        </button>
      </td>
      <td>{emerged === null ? "–" : emerged.toLocaleString("en")}</td>
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
    const ends = [Math.min(...steps), Math.max(...steps)].map((step) => step.toLocaleString("en"));
    const when = ends[0] === ends[1] ? ends[0] : ends.join("–");
    return `${name} at ${when} (${steps.length} of ${inside.length})`;
  });
  return parts.length === 0 ? "" : `Changed for good: ${parts.join("; ")}.`;
}
