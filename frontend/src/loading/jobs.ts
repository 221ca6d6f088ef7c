/** A place in the logs and what a view needs of it → the jobs that bring it. */

import type { RecordHeader } from "../decoding/answers";
import type { Quantity } from "../decoding/contribution";
import type { Api, RecordAddress } from "../fetching/api";
import type { HeadVectors, LayerWeights, MetricSeries, Thumbnails } from "../decoding/decode";
import type { HeadMaps, MapSide } from "../decoding/head_maps";
import { standaloneViews } from "../state/standalone";
import { mapsOfPage } from "./page_maps";
import type { Job } from "./request_cache";

export interface StepJobs {
  record: Job<RecordHeader>;
  /** null: the view draws none. */
  thumbnails: Job<Thumbnails> | null;
  /** null: nothing to ask for, see `loadedHeads`. */
  weights: Job<LayerWeights> | null;
  /** null: the view has no use for them, or there are none. */
  vectors: Job<HeadVectors> | null;
  /** null: no maps are drawn. */
  maps: Job<HeadMaps> | null;
}

export interface WantedWeights {
  layer: number;
  /** null = all. */
  head: number | null;
}

export interface WantedVectors {
  layer: number;
  head: number;
}

export function jobsAt(
  api: Api,
  at: RecordAddress,
  hasThumbnails: boolean,
  weights: WantedWeights | null,
  vectors: WantedVectors | null,
  maps: MapSide | null,
  quantity: Quantity = "weight",
): StepJobs {
  const where = JSON.stringify([at.run, at.tag, at.step, at.version]);
  return {
    record: { key: `record ${where}`, fetch: (signal) => api.record(at, signal) },
    thumbnails: hasThumbnails
      ? {
          key: `thumbnails ${quantity} ${where}`,
          fetch: (signal) => api.thumbnails(at, signal, quantity),
        }
      : null,
    weights: weights === null ? null : weightsJob(api, at, weights),
    vectors: vectors === null ? null : vectorsJob(api, at, vectors),
    maps: maps === null ? null : mapsJob(api, at, maps, null, quantity),
  };
}

export function weightsJob(
  api: Api,
  at: RecordAddress,
  { layer, head }: WantedWeights,
): Job<LayerWeights> {
  const where = JSON.stringify([at.run, at.tag, at.step, at.version]);
  return {
    key: `weights ${where} ${layer} ${head ?? "all"}`,
    fetch: (signal) => api.weights(at, layer, head, signal),
  };
}

export function mapsJob(
  api: Api,
  at: RecordAddress,
  of: MapSide,
  layer: number | null,
  quantity: Quantity,
): Job<HeadMaps> {
  const where = JSON.stringify([at.run, at.tag, at.step, at.version]);
  return {
    key: `maps ${quantity} ${where} ${of.side} ${of.list} ${of.at} ${layer ?? "all"}`,
    fetch: (signal) =>
      standaloneViews.peek() === null
        ? api.maps(at, of, layer, signal, quantity)
        : mapsOfPage(api, at, of, { only: layer, quantity }, signal),
  };
}

function vectorsJob(api: Api, at: RecordAddress, { layer, head }: WantedVectors): Job<HeadVectors> {
  const where = JSON.stringify([at.run, at.tag, at.step, at.version]);
  return {
    key: `vectors ${where} ${layer} ${head}`,
    fetch: (signal) => api.vectors(at, layer, head, signal),
  };
}

export function listed(jobs: StepJobs): Job<unknown>[] {
  return [jobs.record, jobs.thumbnails, jobs.weights, jobs.vectors, jobs.maps].filter(
    (job) => job !== null,
  );
}

/** Anew for every change of the listing, and for every round until all steps are read; with its evolution at once, or with the metrics alone, which come sooner. */
export function seriesJob(
  api: Api,
  at: { run: string; tag: string; versions: readonly string[]; round: number },
  isWhole: boolean,
): Job<MetricSeries> {
  const { run, tag, versions, round } = at;
  return {
    key: `series ${round} ${JSON.stringify([run, tag, versions])}`,
    fetch: (signal) => (isWhole ? api.evolution(run, tag, signal) : api.metrics(run, tag, signal)),
  };
}
