/** All steps of a probe → a metric of every head as a sparkline, the chosen heads large, and what emerged when. */

import type { ComponentChildren } from "preact";

import { isSideShown, metrics, run, series, shownMetric, tag } from "../../state";
import { TryAgain } from "../../controls/try_again";
import { Room } from "../../parts/heads_grid/room";
import { EvolutionGrid } from "./evolution_grid";
import { layout } from "./scene";
import { SidePanel } from "./side_panel";

export { EvolutionDisplay } from "./evolution_display";

export function EvolutionView() {
  const loaded = series.value;
  if (metrics.value === null && loaded.status === "error")
    return (
      <Message title="The head metrics cannot be loaded">
        <TryAgain error={loaded.error} />
      </Message>
    );
  if (metrics.value === null) return <Waiting />;
  if (metrics.value.steps.length === 0)
    return (
      <Message title={`No step of ${tag.value} can be read`}>
        <p>Copy the files again from where they were written, or log the steps again.</p>
      </Message>
    );
  if (shownMetric.value === null)
    return (
      <Message title="No head metrics were logged">
        <p>
          The writer was told to leave them out. Log with AttentionWriter(…, metrics="all") to see
          every head over the steps.
        </p>
      </Message>
    );
  return (
    <Room class="evolution" layout={layout}>
      <EvolutionGrid />
      {isSideShown.value && <SidePanel />}
    </Room>
  );
}

/** Where grid and changes will stand. */
function Waiting() {
  return (
    <div class="evolution is-waiting" aria-busy="true">
      <section class="model-main">
        <h2 class="model-title">
          {run.value} / {tag.value}
          <span class="model-hint">loading its metrics …</span>
        </h2>
        <div class="waiting-room" />
      </section>
      {isSideShown.value && (
        <aside class="model-side">
          <header class="side-header">
            <h2>What happened</h2>
          </header>
          <div class="waiting-room" />
        </aside>
      )}
    </div>
  );
}

function Message({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="head-message is-alone" role="status">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
