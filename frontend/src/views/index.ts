/** The views, in the order of their tabs: a new one is one file and one line here. */

import type { ComponentType } from "preact";

import type { ViewName } from "../state";
import { HeadDisplay } from "./head/head_display";
import { HeadView } from "./head/head_view";
import { ModelDisplay, ModelView } from "./model";

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

export const views: readonly ViewDefinition[] = [
  {
    id: "model",
    name: "Model",
    promise: "every head’s pattern at one step",
    component: ModelView,
    display: ModelDisplay,
  },
  {
    id: "head",
    name: "Head",
    promise: "what one layer attends to, token by token",
    component: HeadView,
    display: HeadDisplay,
  },
];
