/** Runs, probes and the display settings of the present view. */

import type { ComponentType } from "preact";

import { displayOpen } from "../state";
import { ProbeList } from "./probe_list";
import { RunFilter } from "./run_filter";
import { RunList } from "./run_list";

export interface LeftPaneProps {
  display: ComponentType | undefined;
}

function toggle(event: Event): void {
  event.preventDefault();
  displayOpen.value = !displayOpen.value;
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
            {/* No button: one whose name has "play" in it would be taken for that of the steps. */}
            <details open={displayOpen.value}>
              <summary class="display-fold" onClick={toggle}>
                <h2>Display</h2>
                <span aria-hidden="true">{displayOpen.value ? "▾" : "▸"}</span>
              </summary>
            </details>
            {displayOpen.value && <Display />}
          </section>
        )}
      </div>
    </aside>
  );
}
