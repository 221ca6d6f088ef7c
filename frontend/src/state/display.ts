/** How things are drawn: display settings, kept apart from what is selected. */

import { signal, type Signal } from "@preact/signals";

export type Specials = "show" | "mute" | "hide";
export type ThumbnailStyle = "heat" | "lines" | "image";
export type SentenceFilter = "all" | "aa" | "bb" | "ab" | "ba";
export type HeadMode = "lines" | "matrix" | "image" | "sound";
/** All heads by themselves, or one made of those shown. */
export type HeadSummary = "none" | "mean" | "max";
export type ColourScale = "root" | "linear" | "uniform";
export type LinesLayout = "vertical" | "horizontal";
export type Theme = "light" | "dark";

export const theme: Signal<Theme> = signal("light");
/** TensorBoard shows another tab: no work. */
export const hidden: Signal<boolean> = signal(false);

/** Weights below are not drawn; null: by the number of keys. */
export const threshold: Signal<number | null> = signal(null);
/** Multiplies the opacity of lines. */
export const gain: Signal<number> = signal(1);
export const specials: Signal<Specials> = signal("show");
/** Weights as numbers. */
export const numbers: Signal<boolean> = signal(true);
/** null: maps over the picture where there is one, else heat maps. */
export const thumbnailStyle: Signal<ThumbnailStyle | null> = signal(null);
/** Side of each head's pattern in CSS pixels, the rest scrolled to; null: the whole grid fills the view. */
export const gridZoom: Signal<number | null> = signal(null);
/** What gives each head its colour where patterns are too small to be seen. */
export type MapColour = "role" | "when" | "size" | "value";
export const mapColour: Signal<MapColour> = signal("role");
/** The chosen head stands beside the Model view's grid. */
export const headOpen: Signal<boolean> = signal(true);
/** A metric's name, or "number". */
export const sortBy: Signal<string> = signal("number");
/** The metric of each head's history; "" = a tracked token pair if the probe has one, else its first. */
export const cellMetric: Signal<string> = signal("");
/** Heads whose metric is below are dimmed. */
export const dimBelow: Signal<number> = signal(0);
export const sentenceFilter: Signal<SentenceFilter> = signal("all");
/** null: by the length of the text. */
export const headMode: Signal<HeadMode | null> = signal(null);
export const headSummary: Signal<HeadSummary> = signal("none");
/** Of the matrix: colour by the weight's root, by the weight itself, or by how often it is that of uniform attention; null: by the length. */
export const colourScale: Signal<ColourScale | null> = signal(null);
export const linesLayout: Signal<LinesLayout> = signal("vertical");
/** Pieces of one word drawn as one token. */
export const mergeWords: Signal<boolean> = signal(false);
/** Tokens as the tokenizer writes them. */
export const rawTokens: Signal<boolean> = signal(false);

/** The settings under "Display" are unfolded. */
export const displayOpen: Signal<boolean> = signal(true);

/** Under this width of the frame the left pane folds away. */
export const FOLD_WIDTH = 1100;
/** Width of the frame in CSS pixels. */
export const frameWidth: Signal<number> = signal(1280);
