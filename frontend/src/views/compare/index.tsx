/** Two records → what every head gained and lost, the heads that changed most, and one of them line by line. */

import { comparison, compareProblem, isMetricsOnly, isSideShown } from "../../state";
import { Room } from "../../parts/heads_grid/room";
import { CompareGrid } from "./compare_grid";
import { HeadList } from "./head_list";
import { layout } from "./scene";

export { CompareDisplay } from "./compare_display";

/** Why there is no comparison to see. */
function problem(): string | null {
  const now = comparison.value;
  if (isMetricsOnly.value) return null;
  return compareProblem.value ?? (now.status === "error" ? now.error.message : null);
}

export function CompareView() {
  const refused = problem();
  return (
    <Room class="model is-compare" layout={layout}>
      <CompareGrid refused={refused} />
      {refused === null && isSideShown.value && (
        <aside class="model-side" aria-label="Heads by change">
          <HeadList />
        </aside>
      )}
    </Room>
  );
}
