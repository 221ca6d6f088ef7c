/** The selected step → every head of the model at once, and the chosen head beside them. */

import { ModelGrid } from "./model_grid";
import { isUnreadable } from "./scene";
import { SidePanel } from "./side_panel";
import { StepProblem } from "./step_problem";

export { ModelDisplay } from "./model_display";

export function ModelView() {
  return (
    <div class="model">
      <ModelGrid />
      <aside class="model-side" aria-label="Chosen head">
        {isUnreadable.value ? <StepProblem /> : <SidePanel />}
      </aside>
    </div>
  );
}
