/** JSON answers of the server, under the names that they travel with. */

export interface TagIndex {
  /** Ascending. */
  steps: number[];
  /** Seconds since the epoch, of the files. */
  wall_times: number[];
  versions: string[];
  kinds: string[];
  /** The store does not answer: this is what was listed before. */
  old?: boolean;
}

/** run → tag → what is logged. */
export type RunIndex = Record<string, Record<string, TagIndex>>;

/** "tokens", "decoder_tokens", or the name of another stack's list. */
export type TokenList = string;

/** Positions that are the patches of an image, row by row unless `order` says otherwise. */
export interface ImageSpan {
  kind: "image";
  start: number;
  rows: number;
  cols: number;
  frames?: number;
  /** Index of `pictures`. */
  picture?: number | null;
  /** The part of the picture that the patches cover, 0 to 1. */
  box?: [x0: number, y0: number, x1: number, y1: number];
  /** In pixels; 0: not known. */
  patch?: [height: number, width: number];
  order?: number[] | null;
}

/** Positions that are the frames of a sound. */
export interface SoundSpan {
  kind: "sound";
  start: number;
  length: number;
  /** Of one position. */
  seconds: number;
  offset?: number;
  /** Indices of `pictures`: a spectrogram, and the samples. */
  picture?: number | null;
  clip?: number | null;
}

export interface PictureEntry {
  sha256: string;
  width: number;
  height: number;
  media: string;
}

export interface LayerHeader {
  name: string;
  kind: "self" | "cross";
  stack: string;
  heads: number;
  kv_heads: number;
  queries: number;
  keys: number;
  /** "full", "causal", "window <n>" or "other". */
  mask: string;
  scale: number | null;
  /** [height, width] */
  thumbnail: [number, number];
  /** Codes of the weights are stored. */
  weights: boolean;
  /** What weights are read from; absent in format 1, where it is codes or nothing. */
  source?: "codes" | "vectors" | "left_out";
  /** [height, width] of the stored pictures of its heads, where there are any. */
  overview?: [number, number];
  /** Query and key vectors are stored. */
  vectors: boolean;
  query_tokens: TokenList;
  key_tokens: TokenList;
  mechanism: string;
  dtype: string;
  /** How many heads the model's layer has, where that is known. */
  model_heads?: number;
  /** The model's own head numbers, when only some were logged. */
  head_numbers?: number[];
  rebuild_error?: number;
  /** What the logged lengths of values are of: "vWo", behind the output projection, or "v". */
  value_norm_of?: string;
}

/** One of TensorBoard's own scalars over the steps. */
export interface ScalarSeries {
  run: string;
  tag: string;
  /** Ascending. */
  steps: number[];
  wall_times: number[];
  /** null: not a number. */
  values: (number | null)[];
}

/** Everything of one record but its arrays. */
export interface RecordHeader {
  format: number;
  tag: string;
  step: number;
  wall_time: number;
  tokens: { tokens: string[]; decoder_tokens?: string[]; [list: TokenList]: string[] | undefined };
  special: { tokens: number[]; [list: TokenList]: number[] | undefined };
  /** By list and position: "cls", "register", … */
  special_names?: Record<TokenList, Record<string, string>>;
  geometry?: Record<TokenList, (ImageSpan | SoundSpan)[]>;
  pictures?: PictureEntry[];
  sentence_b_start: number | null;
  words?: Partial<Record<TokenList, (number | null)[]>>;
  layers: LayerHeader[];
  metrics: string[];
  precision: "uint8" | "float16" | "float32";
  /** Hash of tokens and masks: equal means comparable. */
  probe: string;
  left_out: { layer: number; what: string; why: string }[];
  faults: { layer: number; heads: number[]; fault: string }[];
  kind: "weights" | "metrics";
  /** Layers of attention that the model has; in the unseen ones nothing was captured. */
  model_layers?: { count: number; unseen?: number };
  /** What `effect` and `ablation` are on, and its value with every head. */
  objective?: { name: string; value: number };
}

/** What the server makes a file of a record as. */
export type FileFormat = "html" | "npz";
