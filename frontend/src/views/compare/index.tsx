/** Two records → what every head gained and lost, the heads that changed most, and one of them line by line. */

import { comparison, compareProblem, isMetricsOnly, isSideShown, type ApiError } from "../../state";
import { Room } from "../../parts/heads_grid/room";
import { CompareGrid } from "./compare_grid";
import { HeadList } from "./head_list";
import { layout } from "./scene";

export { CompareDisplay } from "./compare_display";

/** Why the server did not compare, or could not be reached. */
function error(): ApiError | null {
  const now = comparison.value;
  return isMetricsOnly.value || now.status !== "error" ? null : now.error;
}

/** These two will not be compared, however often one asks. */
function refusal(of: ApiError | null): string | null {
  if (isMetricsOnly.value) return null;
  const isRefused = of !== null && of.status >= 400 && of.status < 500;
  return compareProblem.value ?? (isRefused ? of.message : null);
}

export function CompareView() {
  const failed = error();
  const refused = refusal(failed);
  return (
    <Room class="model is-compare" layout={layout}>
      <CompareGrid refused={refused} failed={failed} />
      {refused === null && failed === null && isSideShown.value && (
        <aside class="model-side" aria-label="Heads by change">
          <HeadList />
        </aside>
      )}
    </Room>
  );
}
