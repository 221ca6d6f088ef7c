/** What the first picture does without: views, modes and panels whose code, with its styles, comes in a second file. */

export { CompareDisplay, CompareView } from "./compare";
export { FirstPictures } from "./first/first_pictures";
export { FindPanel } from "./find/find_panel";
export { LongLines } from "./head/long_lines";
export { Gallery } from "./model/gallery";
export { HealthPanel } from "./health/health_panel";
export { ImageMode } from "./image/image_mode";
export { LongMode } from "./matrix/long_mode";
export { MatrixMode } from "./matrix/matrix_mode";
export { RoleBars } from "./model/role_bars";
export { RunsByHead } from "./evolution/runs_by_head";
export { WhenHistogram } from "./evolution/when_histogram";
export { NeuronView } from "./neuron/neuron_view";
export { SoundMode } from "./sound/sound_mode";
export { SoundSettings } from "./sound/sound_settings";
export { default as styles } from "./on_demand.css?inline";
