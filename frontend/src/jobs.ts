/** A place in the logs and what a view needs of it → the jobs that bring it. */

import type { RecordHeader } from "./answers";
import type { Api, RecordAddress } from "./api";
import type { LayerWeights, MetricSeries, Thumbnails } from "./decode";
import type { Job } from "./request_cache";
import type { ViewName } from "./selection";

export interface StepJobs {
  record: Job<RecordHeader>;
  thumbnails: Job<Thumbnails> | null;
  /** null: left out when logging. */
  weights: Job<LayerWeights> | null;
}

/** Views that draw every head's thumbnail; the others draw the weights of one layer. */
const withThumbnails: ReadonlySet<ViewName> = new Set<ViewName>(["model", "evolution"]);

export function jobsAt(
  api: Api,
  at: RecordAddress,
  layer: number,
  view: ViewName,
  hasWeights: boolean,
): StepJobs {
  const where = JSON.stringify([at.run, at.tag, at.step, at.version]);
  return {
    record: { key: `record ${where}`, fetch: (signal) => api.record(at, signal) },
    thumbnails: withThumbnails.has(view)
      ? { key: `thumbnails ${where}`, fetch: (signal) => api.thumbnails(at, signal) }
      : null,
    weights: hasWeights
      ? { key: `weights ${where} ${layer}`, fetch: (signal) => api.weights(at, layer, signal) }
      : null,
  };
}

export function listed(jobs: StepJobs): Job<unknown>[] {
  return [jobs.record, jobs.thumbnails, jobs.weights].filter((job) => job !== null);
}

/** Anew for every change of the listing. */
export function seriesJob(
  api: Api,
  run: string,
  tag: string,
  versions: readonly string[],
): Job<MetricSeries> {
  return {
    key: `series ${JSON.stringify([run, tag, versions])}`,
    fetch: (signal) => api.metrics(run, tag, signal),
  };
}
