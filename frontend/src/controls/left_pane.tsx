/** Runs, probes and the display settings of the present view. */

import type { ComponentType } from "preact";

import { ProbeList } from "./probe_list";
import { RunFilter } from "./run_filter";
import { RunList } from "./run_list";

export interface LeftPaneProps {
  display: ComponentType | undefined;
}

export function LeftPane({ display: Display }: LeftPaneProps) {
  return (
    <aside class="left-pane" id="attn-pane" aria-label="Runs, probes and display">
      <RunFilter />
      <div class="pane-scroll">
        <RunList />
        <ProbeList />
        {Display !== undefined && (
          <section class="pane-section display" aria-label="Display">
            <h2>Display</h2>
            <Display />
          </section>
        )}
      </div>
    </aside>
  );
}
