/** The views, in the order of their tabs: a new one is one file and one line here. */

import type { ComponentType } from "preact";

import type { ViewName } from "../state";
import { FirstVisit } from "./first/first_visit";
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
  component: ComponentType;
  /** It shows all steps, so one that cannot be read does not stop it. */
  overSteps?: boolean;
  /** Its part of the left pane, under "Display". */
  display?: ComponentType;
}

/** Of the views, for someone who has logged nothing yet. */
export const FirstPictures = later((parts) => parts.FirstPictures);

export { FirstVisit };

export const views: readonly ViewDefinition[] = [
  {
    id: "evolution",
    name: "Evolution",
    component: EvolutionView,
    display: EvolutionDisplay,
    overSteps: true,
  },
  {
    id: "model",
    name: "Model",
    component: ModelView,
    display: ModelDisplay,
  },
  {
    id: "head",
    name: "Head",
    component: HeadView,
    display: HeadDisplay,
  },
  {
    id: "neuron",
    name: "Neuron",
    component: later((parts) => parts.NeuronView),
    display: NeuronDisplay,
  },
];
