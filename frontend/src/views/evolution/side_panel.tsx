/** Which head became what, when; a click away the chosen heads and the run's scalar in charts, with the roles. */

import { useRef } from "preact/hooks";

import { headColour } from "../../draw/colour";
import { changes, evolutionPane, theme, type EvolutionPane } from "../../state";
import { EffectRanking } from "../model/effect_ranking";
import { Lens } from "../model/lens";
import { ChangeTable } from "./change_table";
import { chosen } from "./chosen";
import { HeadsChart, nameOf } from "./heads_chart";
import { openedHead, pointed } from "./pointed";
import { EventLanes, NAMED_LANE } from "./event_lanes";
import { Hints } from "./hints";
import { readRole, roleText } from "./role_text";
import { namesOf } from "./run_names";
import { axis, groups, isMap, isPanelWide, lanes, layout, others, shapes, when } from "./scene";
import { Summary } from "./summary_line";
import { later } from "../later";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { useWidth } from "../../parts/measured";
import { ScalarChart } from "../../parts/chart/scalar_chart";
import { plotBox } from "../../parts/chart/step_chart";

const RunsByHead = later((parts) => parts.RunsByHead);
const WhenHistogram = later((parts) => parts.WhenHistogram);

const PADDING = 32;
const GAP = 32;

const LEAST_CHART = 150;
/** Scalar, roles and hints. */
const AROUND_CHART = 250;
/** The same with the panel's header. */
const BESIDE_CHART = 330;
/** Of the scalar, where it stands in the panel. */
const SCALAR = 120;
/** The table with its heads, and a row of it. */
const AROUND_TABLE = 90;
const CHANGE_HEIGHT = 58;

export function SidePanel() {
  const element = useRef<HTMLElement>(null);
  const inner = Math.max(160, (useWidth(element) || 336) - PADDING);
  const areBoth = isPanelWide.value;
  const pane = evolutionPane.value ?? "changes";
  const table = changes.value.length * CHANGE_HEIGHT + AROUND_TABLE;
  const rest = viewSize.value.height - table - AROUND_CHART;
  const areStacked = evolutionPane.value === null && !isMap.value && rest >= LEAST_CHART;
  const opened = groups.value.length > 0 ? openedHead.value : null;
  if (opened !== null)
    return (
      <aside ref={element} class="model-side evolution-side" aria-label="What happened">
        <RunsByHead cell={opened} width={inner} />
      </aside>
    );
  return (
    <aside ref={element} class="model-side evolution-side" aria-label="What happened">
      <header class="side-header">
        <h2>{areBoth || pane === "changes" ? "What happened" : "Chosen heads"}</h2>
        {!areBoth && <PaneSwitch pane={pane} />}
      </header>
      {areBoth && <Summary />}
      <div class={areBoth ? "evolution-both" : ""}>
        {(areBoth || pane === "changes") && <Changes />}
        {(areBoth || pane === "chart" || areStacked) && (
          <Chart
            width={areBoth ? Math.floor((inner - GAP) / 2) : inner}
            height={areStacked && !areBoth ? rest : viewSize.value.height - BESIDE_CHART}
            hasTitle={areBoth || pane === "changes"}
          />
        )}
      </div>
      <p class="side-hint">
        <Hints />
      </p>
    </aside>
  );
}

/** To the other of the two. */
function PaneSwitch({ pane }: { readonly pane: EvolutionPane }) {
  const other = pane === "changes" ? "chart" : "changes";
  return (
    <button type="button" class="link" onClick={() => (evolutionPane.value = other)}>
      {other === "chart" ? "Chart" : "What changed"}
    </button>
  );
}

function Changes() {
  return (
    <div>
      {isMap.value && <Lens layout={layout} shapes={shapes.value} hasPatterns={false} />}
      {isMap.value && when.value === null && changes.value.length > 0 && <WhenHistogram />}
      <ChangeTable />
      <EffectRanking />
    </div>
  );
}

interface ChartProps {
  readonly width: number;
  /** What is left for the chosen heads. */
  readonly height: number;
  readonly hasTitle: boolean;
}

function Chart({ width, height, hasTitle }: ChartProps) {
  const isWhenShown = when.value !== null;
  const below = isWhenShown ? -SCALAR : lanes.value.length * NAMED_LANE;
  return (
    <section class="evolution-chart" aria-label="Chosen heads">
      {hasTitle && <h2>Chosen heads</h2>}
      {chosen.value.length === 0 ? (
        <p class="side-hint">Shift-click a cell to see its head here.</p>
      ) : (
        <HeadsChart width={width} height={Math.max(LEAST_CHART, height - below)} />
      )}
      {!isWhenShown && <Below width={width} />}
      <Roles />
      {groups.value.length === 0 && others.value.length > 0 && chosen.value.length > 0 && (
        <p class="chart-note">Dashed: {namesOf(others.value, 3)}</p>
      )}
    </section>
  );
}

/** What stands under the grid where there is room for it. */
function Below({ width }: { readonly width: number }) {
  const plot = plotBox({ width, height: 0, hasStepLabels: false });
  return (
    <>
      <EventLanes lanes={lanes.value} axis={axis.value} plot={plot} isBeside={false} />
      <ScalarChart axis={axis.value} width={width} />
    </>
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
