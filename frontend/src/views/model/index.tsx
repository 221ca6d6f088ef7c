/** The selected step → every head of the model at once, and the chosen head beside them. */

import { isComparing, isSideShown, metrics, stepError, shownEffects } from "../../state";
import { Room } from "../../parts/heads_grid/room";
import { ModelGrid } from "./model_grid";
import { later } from "../later";
import { isHeadBeside } from "./opened_head";
import { EffectRanking } from "./effect_ranking";
import { Lens } from "./lens";
import { isMap, layout, shapes } from "./scene";
import { SidePanel } from "./side_panel";

import { ModelDisplay as PatternDisplay } from "./model_display";

const Gallery = later((parts) => parts.Gallery);
const CompareDisplay = later((parts) => parts.CompareDisplay);
const CompareView = later((parts) => parts.CompareView);

/** Settings of what the view shows: patterns, or what changed in them. */
export function ModelDisplay() {
  return isComparing.value ? <CompareDisplay /> : <PatternDisplay />;
}

export function ModelView() {
  if (isComparing.value && stepError.value === null) return <CompareView />;
  return (
    <Room class="model" layout={layout}>
      <ModelGrid />
      {isSideShown.value && stepError.value === null && <Beside />}
    </Room>
  );
}

/** The chosen head; of many heads those around the pointer too. Without one, examples of each role. */
function Beside() {
  const hasRoles = (metrics.value?.evolution ?? null) !== null;
  if (isHeadBeside.value)
    return (
      <SidePanel>
        {isMap.value && <Lens layout={layout} shapes={shapes.value} hasPatterns />}
      </SidePanel>
    );
  if (!hasRoles && shownEffects.value === null) return null;
  return (
    <aside class="model-side" aria-label="Roles">
      {isMap.value && <Lens layout={layout} shapes={shapes.value} hasPatterns />}
      {hasRoles && <Gallery />}
      <EffectRanking />
    </aside>
  );
}
