/** The selected step → every head of the model at once, and the chosen head beside them. */

import { isComparing, stepError } from "../../state";
import { CompareDisplay, CompareView } from "../compare";
import { ModelGrid } from "./model_grid";
import { isHeadBeside } from "./opened_head";
import { SidePanel } from "./side_panel";

import { ModelDisplay as PatternDisplay } from "./model_display";

/** Settings of what the view shows: patterns, or what changed in them. */
export function ModelDisplay() {
  return isComparing.value ? <CompareDisplay /> : <PatternDisplay />;
}

export function ModelView() {
  if (isComparing.value && stepError.value === null) return <CompareView />;
  return (
    <div class="model">
      <ModelGrid />
      {isHeadBeside.value && <SidePanel />}
    </div>
  );
}
