/** Which head became what, when; a click away the chosen heads and the run's scalar in charts, with the roles. */

import { useRef } from "preact/hooks";

import { headColour } from "../../draw/colour";
import { Segmented } from "../../controls/segmented";
import { changes, evolutionPane, hoverStep, step, theme, type EvolutionPane } from "../../state";
import { Lens } from "../model/lens";
import { ChangeTable } from "./change_table";
import { chosen } from "./chosen";
import { HeadsChart, nameOf } from "./heads_chart";
import { pointed } from "./pointed";
import { Hints } from "./hints";
import { readRole, roleText } from "./role_text";
import { axis, isMap, layout, others, shapes } from "./scene";
import { WhenHistogram } from "./when_histogram";
import { useWidth } from "../../parts/measured";
import { ScalarChart } from "../../parts/chart/scalar_chart";

const PADDING = 32;
const GAP = 32;

/** From this width on both stand side by side. */
const ROOM_FOR_BOTH = 700;

const panes: readonly { value: EvolutionPane; name: string }[] = [
  { value: "changes", name: "What changed" },
  { value: "chart", name: "Chart" },
];

export function SidePanel() {
  const element = useRef<HTMLElement>(null);
  const inner = Math.max(160, (useWidth(element) || 336) - PADDING);
  const areBoth = inner >= ROOM_FOR_BOTH && !isMap.value;
  const pane = evolutionPane.value ?? "changes";
  const hasNone = evolutionPane.value === null && changes.value.length === 0;
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
      <div class={areBoth ? "evolution-both" : ""}>
        {(areBoth || pane === "changes") && <Changes />}
        {(areBoth || pane === "chart" || hasNone) && (
          <Chart width={areBoth ? Math.floor((inner - GAP) / 2) : inner} />
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
    </div>
  );
}

function Chart({ width }: { readonly width: number }) {
  return (
    <section class="evolution-chart" aria-label="Chosen heads">
      <h2>Chosen heads</h2>
      {chosen.value.length === 0 ? (
        <p class="side-hint">Shift-click a cell to see its head here.</p>
      ) : (
        <HeadsChart width={width} />
      )}
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
