/** Which head became what, when; a click away the chosen heads and the run's scalar in charts, with the roles. */

import { useMemo, useRef } from "preact/hooks";

import { headColour } from "../../draw/colour";
import { Segmented } from "../../controls/segmented";
import {
  changes,
  evolutionPane,
  hoverStep,
  metrics,
  step,
  theme,
  type EvolutionPane,
} from "../../state";
import { EffectRanking } from "../model/effect_ranking";
import { Lens } from "../model/lens";
import { ChangeTable } from "./change_table";
import { chosen } from "./chosen";
import { HeadsChart, nameOf } from "./heads_chart";
import { pointed } from "./pointed";
import { EventLanes, LANE_HEIGHT } from "./event_lanes";
import { Hints } from "./hints";
import { lanesOf } from "./lanes";
import { readRole, roleText } from "./role_text";
import { axis, isMap, isPanelWide, layout, others, shapes } from "./scene";
import { Summary } from "./summary_line";
import { WhenHistogram } from "./when_histogram";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { useWidth } from "../../parts/measured";
import { ScalarChart } from "../../parts/chart/scalar_chart";

const PADDING = 32;
const GAP = 32;

const LEAST_CHART = 150;
/** Scalar, roles and hints. */
const AROUND_CHART = 250;
/** The same with the panel's header. */
const BESIDE_CHART = 330;
/** The table with its heads, and a row of it. */
const AROUND_TABLE = 110;
const CHANGE_HEIGHT = 58;

const panes: readonly { value: EvolutionPane; name: string }[] = [
  { value: "changes", name: "What changed" },
  { value: "chart", name: "Chart" },
];

export function SidePanel() {
  const element = useRef<HTMLElement>(null);
  const inner = Math.max(160, (useWidth(element) || 336) - PADDING);
  const areBoth = isPanelWide.value;
  const pane = evolutionPane.value ?? "changes";
  const table = changes.value.length * CHANGE_HEIGHT + AROUND_TABLE;
  const rest = viewSize.value.height - table - AROUND_CHART;
  const areStacked = evolutionPane.value === null && !isMap.value && rest >= LEAST_CHART;
  return (
    <aside ref={element} class="model-side evolution-side" aria-label="What happened">
      <header class="side-header">
        {areBoth ? (
          <h2>What happened</h2>
        ) : (
          <Segmented
            label="Beside the heads"
            hideLabel
            value={pane}
            choices={panes}
            onChange={(next) => (evolutionPane.value = next)}
          />
        )}
        <span>
          {hoverStep.value === null ? `step ${step.value}` : `pointer: step ${hoverStep.value}`}
        </span>
      </header>
      {areBoth && <Summary />}
      <div class={areBoth ? "evolution-both" : ""}>
        {(areBoth || pane === "changes") && <Changes />}
        {(areBoth || pane === "chart" || areStacked) && (
          <Chart
            width={areBoth ? Math.floor((inner - GAP) / 2) : inner}
            height={areStacked && !areBoth ? rest : viewSize.value.height - BESIDE_CHART}
          />
        )}
      </div>
      <p class="side-hint">
        <Hints />
      </p>
    </aside>
  );
}

function Changes() {
  return (
    <div>
      {isMap.value && <Lens layout={layout} shapes={shapes.value} hasPatterns={false} />}
      {isMap.value && changes.value.length > 0 && <WhenHistogram />}
      <ChangeTable />
      <EffectRanking />
    </div>
  );
}

interface ChartProps {
  readonly width: number;
  /** What is left for the chosen heads. */
  readonly height: number;
}

function Chart({ width, height }: ChartProps) {
  const series = metrics.value;
  const lanes = useMemo(
    () => (series === null ? [] : lanesOf(series, changes.value)),
    [series, changes.value],
  );
  const rest = height - lanes.length * LANE_HEIGHT;
  return (
    <section class="evolution-chart" aria-label="Chosen heads">
      <h2>Chosen heads</h2>
      {chosen.value.length === 0 ? (
        <p class="side-hint">Shift-click a cell to see its head here.</p>
      ) : (
        <HeadsChart width={width} height={Math.max(LEAST_CHART, rest)} />
      )}
      <EventLanes lanes={lanes} axis={axis.value} width={width} />
      <ScalarChart axis={axis.value} width={width} />
      <Roles />
      {others.value.length > 0 && chosen.value.length > 0 && (
        <p class="chart-note">Dashed: {others.value.map(({ name }) => name).join(", ")}</p>
      )}
    </section>
  );
}

/** The pointed head first, with a role at the step that is read. */
function Roles() {
  const under = pointed.value;
  const isChosen = chosen.value.some(
    ({ layer, head }) => layer === under?.layer && head === under.head,
  );
  const isHead = under !== null && under.head >= 0;
  const heads = isHead && !isChosen ? [under, ...chosen.value] : chosen.value;
  return (
    <ul class="roles" aria-label="Roles">
      {heads.map((cell) => (
        <li key={nameOf(cell)} data-score={readRole(cell)?.score}>
          <i style={{ background: headColour(cell.head, theme.value) }} />
          <strong>{nameOf(cell)}</strong> {roleText(cell)}
        </li>
      ))}
    </ul>
  );
}
