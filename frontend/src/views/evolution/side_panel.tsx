/** The chosen heads and the run's scalar in charts, the heads' roles, and which head became what, when. */

import { useRef } from "preact/hooks";

import { headColour } from "../../draw/colour";
import { hoverStep, step, theme } from "../../state";
import { ChangeTable } from "./change_table";
import { chosen } from "./chosen";
import { HeadsChart, nameOf } from "./heads_chart";
import { pointed } from "./pointed";
import { readRole, roleText } from "./role_text";
import { axis, others } from "./scene";
import { useWidth } from "../../parts/measured";
import { ScalarChart } from "../../parts/chart/scalar_chart";

const PADDING = 32;

export function SidePanel() {
  const element = useRef<HTMLElement>(null);
  const width = Math.max(160, (useWidth(element) || 368) - PADDING);
  return (
    <aside ref={element} class="model-side evolution-side" aria-label="Chosen heads">
      <header class="side-header">
        <h2>Chosen heads</h2>
        <span>
          {hoverStep.value === null ? `step ${step.value}` : `pointer: step ${hoverStep.value}`}
        </span>
      </header>
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
      <ChangeTable />
    </aside>
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
