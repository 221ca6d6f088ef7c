/** Runs, probes and the display settings of the present view. */

import type { ComponentType } from "preact";

import { displayOpen } from "../state";
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
            <h2>
              <button
                type="button"
                class="display-fold"
                aria-expanded={displayOpen.value}
                onClick={() => (displayOpen.value = !displayOpen.value)}
              >
                Display <span aria-hidden="true">{displayOpen.value ? "▾" : "▸"}</span>
              </button>
            </h2>
            {displayOpen.value && <Display />}
          </section>
        )}
      </div>
    </aside>
  );
}
