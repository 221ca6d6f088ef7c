/** All steps of a probe → a metric of every head as a sparkline, the chosen heads large, and what emerged when. */

import { isSideShown, series, tag, metrics, shownMetric } from "../../state";
import { Room } from "../../parts/heads_grid/room";
import { EvolutionGrid } from "./evolution_grid";
import { layout } from "./scene";
import { SidePanel } from "./side_panel";

export { EvolutionDisplay } from "./evolution_display";

export function EvolutionView() {
  const loaded = series.value;
  if (metrics.value === null && loaded.status === "error")
    return <Message title="The head metrics cannot be loaded">{loaded.error.message}</Message>;
  if (metrics.value === null) return <p class="loading">Loading …</p>;
  if (metrics.value.steps.length === 0)
    return (
      <Message title={`No step of ${tag.value} can be read`}>
        Copy the files again from where they were written, or log the steps again.
      </Message>
    );
  if (shownMetric.value === null)
    return (
      <Message title="No head metrics were logged">
        The writer was told to leave them out. Log with AttentionWriter(…, metrics="all") to see
        every head over the steps.
      </Message>
    );
  return (
    <Room class="evolution" layout={layout}>
      <EvolutionGrid />
      {isSideShown.value && <SidePanel />}
    </Room>
  );
}

function Message({ title, children }: { title: string; children: string | (string | null)[] }) {
  return (
    <div class="head-message" role="status">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}
