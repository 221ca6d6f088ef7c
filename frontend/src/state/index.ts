/** Signals and pure actions, no DOM: the one selection that drives all views. */

export * from "./actions";
export type * from "../decoding/answers";
export * from "./cell_history";
export * from "./changes";
export * from "./compare_state";
export * from "./display";
export * from "./effects";
export * from "./evolution_settings";
export { ApiError, type ApiErrorDetails } from "../decoding/errors";
export * from "./film";
export * from "./find_state";
export * from "./health_state";
export * from "./image_settings";
export * from "./load";
export * from "./loaded";
export * from "./long_head";
export { nearestOf } from "./nearest";
export * from "./neuron_settings";
export * from "./quantity";
export * from "./rollout";
export * from "./selection";
export * from "./shown_heads";
export * from "./shown_image";
export * from "./shown_lines";
export * from "./shown_metric";
export * from "./standalone";
export { templates, type FindPattern, type PairPattern, type Template } from "../text/pattern";
