/** What the loader has brought for the present selection; the loader writes, views read. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { LayerHeader, RecordHeader, ScalarSeries } from "../decoding/answers";
import type { Comparison } from "../decoding/comparison";
import type { HeadVectors, LayerWeights, MetricSeries, Thumbnails } from "../decoding/decode";
import type { HeadMaps } from "../decoding/head_maps";
import type { ApiError } from "../decoding/errors";
import { shown, type Loaded } from "./load";
import { longPicture } from "./long_head";
import { layer, tag } from "./selection";

export const record: Signal<Loaded<RecordHeader>> = signal({ status: "idle" });
export const thumbnails: Signal<Loaded<Thumbnails>> = signal({ status: "idle" });
/** Of one position, in every head of the model. */
export const headMaps: Signal<Loaded<HeadMaps>> = signal({ status: "idle" });
/** The view on screen draws thumbnails: set by a view that can do without them. */
export const areThumbnailsDrawn: Signal<boolean> = signal(true);
/** Of the selected layer. */
export const weights: Signal<Loaded<LayerWeights>> = signal({ status: "idle" });
/** Of the selected head, for views that take its weights apart. */
export const vectors: Signal<Loaded<HeadVectors>> = signal({ status: "idle" });
/** Of the selected run and tag. */
export const series: Signal<Loaded<MetricSeries>> = signal({ status: "idle" });
/** Why marks and roles could not be had, though the metrics could. */
export const factsError: Signal<ApiError | null> = signal(null);
/** Series of the other ticked runs, by run, as far as they have come. */
export const otherSeries: Signal<ReadonlyMap<string, MetricSeries>> = signal(new Map());
/** Every head at the first and at the last step that can be drawn; null until they are here. */
export interface EdgePatterns {
  readonly before: Thumbnails;
  readonly after: Thumbnails;
  readonly steps: readonly [first: number, last: number];
}
export const edgePatterns: Signal<EdgePatterns | null> = signal(null);
/** What the other ticked runs have that the compared one has not, by run, as far as it has come. */
export const rivalComparisons: Signal<ReadonlyMap<string, Comparison>> = signal(new Map());
/** Why others cannot be compared, by run. */
export const rivalProblems: Signal<ReadonlyMap<string, string>> = signal(new Map());
/** Scalars of the selected run that TensorBoard knows. */
export const scalarTags: Signal<Loaded<readonly string[]>> = signal({ status: "idle" });
export const scalar: Signal<Loaded<ScalarSeries>> = signal({ status: "idle" });
/** The same scalar of the other ticked runs, by run, as far as they have come. */
export const rivalScalars: Signal<ReadonlyMap<string, ScalarSeries>> = signal(new Map());
/** Latest readable record of each tag of the selected run. */
export const probeHeaders: Signal<ReadonlyMap<string, RecordHeader>> = signal(new Map());

/** A layer with more weights than these is loaded one head at a time. */
export const MOST_WEIGHTS = 1 << 24;
/** A head with more is never loaded whole, and one whose rows have to be worked out sooner so. */
const MOST_OF_HEAD = 1 << 24;
const MOST_WORKED_OUT = 1 << 22;

/** Some weights can be had: codes, or query and key that give them. */
export function hasWeights({ weights, source }: LayerHeader): boolean {
  return weights || source === "vectors";
}

/** Its heads come in parts: too long, or nothing but pictures of them was kept. */
export function isLong(shape: LayerHeader): boolean {
  const cells = shape.queries * shape.keys;
  if (!hasWeights(shape)) return shape.overview !== undefined;
  return cells > (shape.source === "vectors" ? MOST_WORKED_OUT : MOST_OF_HEAD);
}

/** Of the selected record, or of its probe while it is not there. */
export const knownHeader: ReadonlySignal<RecordHeader | undefined> = computed(() => {
  const own = shown(record.value);
  return own?.tag === tag.value ? own : probeHeaders.value.get(tag.value ?? "");
});

/**
 * What is loaded of the selected layer: nothing while its size is not known, nothing where its
 * weights were left out when logging, all heads, the selected head alone, or parts of it.
 */
export const loadedHeads: ReadonlySignal<"unknown" | "none" | "all" | "one" | "long"> = computed(
  () => {
    const shape = knownHeader.value?.layers[layer.value];
    if (shape === undefined) return "unknown";
    if (isLong(shape)) return "long";
    if (!hasWeights(shape)) return "none";
    return shape.heads * shape.queries * shape.keys > MOST_WEIGHTS ? "one" : "all";
  },
);

/** The selected layer's query and key are known to be logged. */
export const hasVectors: ReadonlySignal<boolean> = computed(
  () => knownHeader.value?.layers[layer.value]?.vectors ?? false,
);

/** Why the selected step cannot be shown, if so. */
export const stepError: ReadonlySignal<ApiError | null> = computed(() => {
  const parts = [record.value, thumbnails.value, weights.value, vectors.value, longPicture.value];
  for (const part of parts) if (part.status === "error") return part.error;
  const maps = headMaps.value;
  return maps.status === "error" && maps.error.damaged ? maps.error : null;
});

/** Steps of the selected run and tag that are known to be unreadable. */
export const damagedSteps: ReadonlySignal<ReadonlySet<number>> = computed(
  () => new Set(shown(series.value)?.damaged ?? []),
);
