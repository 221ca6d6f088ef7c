/** The selected step → every head of the model at once, and the chosen head beside them. */

import { stepError } from "../../state";
import { ModelGrid } from "./model_grid";
import { SidePanel } from "./side_panel";

export { ModelDisplay } from "./model_display";

export function ModelView() {
  return (
    <div class="model">
      <ModelGrid />
      {stepError.value === null && <SidePanel />}
    </div>
  );
}
