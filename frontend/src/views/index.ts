/** The views, in the order of their tabs: a new one is one file and one line here. */

import type { ComponentType } from "preact";

import type { ViewName } from "../state";
import { EvolutionDisplay, EvolutionView } from "./evolution";
import { HeadDisplay } from "./head/head_display";
import { HeadView } from "./head/head_view";
import { later } from "./later";
import { ModelDisplay, ModelView } from "./model";
import { NeuronDisplay } from "./neuron/neuron_controls";

export interface ViewDefinition {
  id: ViewName;
  /** On its tab. */
  name: string;
  /** What one sees there, for someone who has logged nothing yet. */
  promise: string;
  component: ComponentType;
  /** It shows all steps, so one that cannot be read does not stop it. */
  overSteps?: boolean;
  /** Its part of the left pane, under "Display". */
  display?: ComponentType;
}

export const views: readonly ViewDefinition[] = [
  {
    id: "evolution",
    name: "Evolution",
    promise: "every head’s metrics over the steps, and what emerged when",
    component: EvolutionView,
    display: EvolutionDisplay,
    overSteps: true,
  },
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
  {
    id: "neuron",
    name: "Neuron",
    promise: "how query and key of a head make up one weight",
    component: later((parts) => parts.NeuronView),
    display: NeuronDisplay,
  },
];
