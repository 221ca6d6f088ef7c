/** The views, in the order of their tabs: a new one is one file and one line here. */

import type { ComponentType } from "preact";

import type { ViewName } from "../state";

export interface ViewDefinition {
  id: ViewName;
  /** On its tab. */
  name: string;
  /** What one sees there, for someone who has logged nothing yet. */
  promise: string;
  component: ComponentType;
  /** Its part of the left pane, under "Display". */
  display?: ComponentType;
}

export const views: readonly ViewDefinition[] = [];
