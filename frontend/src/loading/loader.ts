/** The selection → requests → the loaded signals, and what the slider will want next. */

import { batch, computed, effect, untracked } from "@preact/signals";

import type { Api } from "../fetching/api";
import { startCellLoader } from "./cell_loader";
import { jobsAt, listed, type StepJobs, type WantedVectors, type WantedWeights } from "./jobs";
import { ApiError } from "../decoding/errors";
import type { MapSide } from "../decoding/head_maps";
import { startComparisonLoader } from "./comparison_loader";
import { startEvolutionLoader } from "./evolution_loader";
import { startEdgePatterns } from "./edge_patterns";
import { startRivalComparisons } from "./rival_comparisons";
import { startRolloutLoader } from "./rollout_loader";
import { startExactSteps } from "./exact_steps";
import { startFilmLoader } from "./film_loader";
import { startFirstHead } from "./first_head";
import { startFindLoader } from "./find_loader";
import { startLongHeadLoader } from "./long_head_loader";
import { startHealthLoader } from "./health_loader";
import { startListing } from "./listing";
import { startPictureLoader } from "./picture_loader";
import { capacityFor, nextPaint, plan, prefetch } from "./prefetch";
import { startProbeLoader } from "./probe_loader";
import { type Job, RequestCache } from "./request_cache";
import { startRunOrderLoader } from "./run_order_loader";
import { startSeriesLoader } from "./series_loader";
import { Slot } from "./slot";
import * as state from "../state";

/** Decoded bytes; the browser's own copies of the answers come on top. */
export const STEP_BYTES = 12 << 20;
export const SERIES_BYTES = 16 << 20;

export interface Loader {
  refresh: () => void;
  /** After an error: ask once more. */
  retry: () => void;
  stop: () => void;
}

/** null while the layer's size is not known, and where there are none. */
const wantedWeights = computed<WantedWeights | null>(() => {
  const heads = state.loadedHeads.value;
  if (state.view.value === "evolution") return null;
  if (heads === "unknown" || heads === "none" || heads === "long") return null;
  return { layer: state.layer.value, head: state.isHeadAlone.value ? state.head.value : null };
});

/** Of a sound too: its heads are ranked with a small picture each; a file may have one head alone. */
const wantsThumbnails = computed(() =>
  state.view.value === "model"
    ? !state.areMapsWanted.value || state.areThumbnailsDrawn.value
    : state.view.value === "head" &&
      state.shownMode.value === "sound" &&
      state.standaloneViews.value === null,
);

const wantedVectors = computed<WantedVectors | null>(() =>
  state.view.value === "neuron" && state.hasVectors.value
    ? { layer: state.layer.value, head: state.head.value }
    : null,
);

/** Of every head, over the picture. */
const wantedMaps = computed<MapSide | null>(() =>
  state.areMapsWanted.value ? state.wantedMaps.value : null,
);

/** The maps are of what the pointer is on: the other steps' are wanted of what is chosen. */
function isPassing(): boolean {
  return state.areMapsWanted.peek() && state.shownPosition.peek() !== state.pinnedPosition.peek();
}

function keysOf(jobs: readonly Job<unknown>[]): Set<string> {
  return new Set(jobs.map(({ key }) => key));
}

/** Follows the selected step, with the window around it. */
class StepLoader {
  readonly #record;
  readonly #thumbnails;
  readonly #weights;
  readonly #vectors;
  readonly #maps;
  #prefetching = new AbortController();
  #awaitsPaint = false;
  /** What one step weighs: of the last one that came whole. */
  #stepBytes = 0;

  constructor(
    readonly api: Api,
    readonly cache: RequestCache,
    onGone: () => Promise<void>,
  ) {
    this.#record = new Slot(state.record, cache, onGone);
    this.#thumbnails = new Slot(state.thumbnails, cache, onGone);
    this.#weights = new Slot(state.weights, cache, onGone);
    this.#vectors = new Slot(state.vectors, cache, onGone);
    this.#maps = new Slot(state.headMaps, cache, onGone);
  }

  async show(): Promise<void> {
    const present = this.#jobsAt(state.stepPosition.peek());
    if (present === null) return;
    this.#prefetching.abort();
    this.#prefetching = new AbortController();
    const { signal } = this.#prefetching;
    if (this.cache.isAsking)
      this.cache.abortExcept(keysOf([...listed(present), ...this.#window()]));
    await this.#showJobs(present);
    this.#measure(present);
    if (signal.aborted) return;
    if (!this.#awaitsPaint) await this.#paint();
    if (!signal.aborted) await prefetch(this.#window(), this.cache, signal);
  }

  /** A single step is on screen first; one that follows faster than it can be drawn waits for nothing. */
  async #paint(): Promise<void> {
    this.#awaitsPaint = true;
    await nextPaint();
    this.#awaitsPaint = false;
  }

  stop(): void {
    this.#prefetching.abort();
    this.cache.abortExcept(new Set());
  }

  #showJobs({ record, thumbnails, weights, vectors, maps }: StepJobs): Promise<unknown> {
    if (state.isMetricsOnly.peek()) return this.#showMetricsOnly(record);
    return batch(() =>
      Promise.all([
        this.#record.want(record),
        thumbnails === null ? this.#thumbnails.clear() : this.#thumbnails.want(thumbnails),
        weights === null ? this.#withoutWeights() : this.#weights.want(weights),
        vectors === null ? this.#vectors.clear() : this.#vectors.want(vectors),
        maps === null ? this.#maps.clear() : this.#maps.want(maps),
      ]),
    );
  }

  /** The layer has none, its size is not known yet, or the view draws no weights. */
  #withoutWeights(): void {
    if (["none", "long"].includes(state.loadedHeads.peek())) this.#weights.clear();
    else this.#weights.rest();
  }

  #showMetricsOnly(record: StepJobs["record"]): Promise<unknown> {
    const message = "Only head metrics were logged at this step.";
    const error = new ApiError(404, "metrics_only", message, {});
    return batch(() => {
      this.#thumbnails.refuse(error);
      this.#weights.refuse(error);
      this.#vectors.clear();
      this.#maps.clear();
      return this.#record.want(record);
    });
  }

  #jobsAt(position: number): StepJobs | null {
    const run = state.run.peek();
    const tag = state.tag.peek();
    const step = state.steps.peek()[position];
    if (run === null || tag === null || step === undefined) return null;
    const at = { run, tag, step, version: state.versions.peek()[position] ?? null };
    const jobs = jobsAt(
      this.api,
      at,
      wantsThumbnails.peek(),
      wantedWeights.peek(),
      wantedVectors.peek(),
      wantedMaps.peek(),
      state.quantityName.peek(),
    );
    if (state.kinds.peek()[position] !== "metrics") return jobs;
    return { record: jobs.record, thumbnails: null, weights: null, vectors: null, maps: null };
  }

  #measure(present: StepJobs): void {
    const sizes = listed(present).map((job) => this.cache.peek(job)?.bytes);
    if (sizes.some((bytes) => bytes === undefined)) return;
    this.#stepBytes = sizes.reduce<number>((sum, bytes) => sum + bytes!, 0);
  }

  #window(): ReturnType<typeof listed> {
    if (state.view.peek() === "evolution") return []; // it draws no step's own bytes
    if (isPassing()) return [];
    const count = state.steps.peek().length;
    const capacity = capacityFor(this.#stepBytes, this.cache.limit);
    return plan(state.stepPosition.peek(), count, state.direction.peek(), capacity).flatMap(
      (position) => listed(this.#jobsAt(position)!),
    );
  }
}

const slots = [state.record, state.thumbnails, state.weights, state.vectors];
/** What was last there all together: a view may draw it until all of the next has come. */
let whole: readonly unknown[] = [];

function noteWhole(): void {
  const present = slots.map((slot) => slot.value);
  if (present.some(({ status }) => status === "loading")) return;
  whole = present.map((each) => state.shown<unknown>(each));
}

function isShown(value: unknown): boolean {
  return whole.includes(value) || slots.some((slot) => state.shown<unknown>(slot.peek()) === value);
}

/** A record that cannot be read leaves its probe's latest header on screen, for the layout. */
function lendHeader(): void {
  const now = state.record.value;
  const header = state.probeHeaders.value.get(state.tag.value ?? "");
  if (now.status === "error" && now.previous === undefined && header !== undefined)
    state.record.value = { ...now, previous: header };
}

export function startLoader(api: Api, stepBytes = STEP_BYTES): Loader {
  const listing = startListing(api);
  const stepCache = new RequestCache(stepBytes, isShown);
  const seriesCache = new RequestCache(SERIES_BYTES);
  const steps = new StepLoader(api, stepCache, listing.refresh);

  const dispose = [
    effect(() => {
      const watched = [state.run, state.tag, state.step, state.version, state.view];
      for (const each of watched) void each.value;
      void wantedWeights.value;
      void wantedVectors.value;
      void wantedMaps.value;
      void wantsThumbnails.value;
      void state.quantityName.value;
      if (state.hidden.value) return untracked(() => steps.stop());
      untracked(() => void steps.show());
    }),
    startSeriesLoader(api, seriesCache, listing.refresh),
    startExactSteps(api),
    effect(() => {
      const now = state.record.value;
      if (now.status === "ready") untracked(() => state.fitToRecord(now.value));
    }),
    effect(lendHeader),
    effect(noteWhole),
    startProbeLoader(api),
    startRunOrderLoader(api),
    startEvolutionLoader(api),
    startComparisonLoader(api, listing.refresh),
    startFindLoader(api),
    startHealthLoader(api, listing.refresh),
    startCellLoader(api),
    startLongHeadLoader(api, listing.refresh),
    startPictureLoader(api),
    startFilmLoader(api),
    startRolloutLoader(api, listing.refresh),
    startEdgePatterns(api),
    startRivalComparisons(api),
    startFirstHead(),
  ];
  return {
    refresh() {
      void listing.refresh().then(() => {
        if (state.stepError.peek() !== null) void steps.show();
      });
    },
    retry() {
      stepCache.forgetDamage();
      seriesCache.forgetDamage();
      void listing.refresh();
      void steps.show();
    },
    stop() {
      for (const each of dispose) each();
      steps.stop();
      listing.stop();
    },
  };
}
