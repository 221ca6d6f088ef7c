/** The neuron view and its display settings. */

export { NeuronDisplay } from "./neuron_controls";
export { NeuronView } from "./neuron_view";
