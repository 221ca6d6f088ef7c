/** Requests to the plugin's routes → parsed answers, or an ApiError. */

import type { RecordHeader, RunIndex, ScalarSeries } from "../decoding/answers";
import type { Comparison } from "../decoding/comparison";
import {
  decodeMetrics,
  decodeThumbnails,
  decodeVectors,
  decodeWeights,
  type HeadVectors,
  type LayerWeights,
  type MetricSeries,
  type Thumbnails,
} from "../decoding/decode";
import { decodeComparison } from "../decoding/comparison";
import { decodeEvolution, type EvolutionFacts } from "../decoding/evolution_facts";
import { decodeFound, type FoundSteps } from "../decoding/found_heads";
import { decodeHealth } from "../decoding/health_facts";
import type { Health, Limits } from "../decoding/health_facts";
import type { FindPattern } from "../text/pattern";
import { openDoor, type Decoder, type Door, type Fetch, type Query, type Sized } from "./request";
import { comparisonQuery, patternQuery } from "./study_queries";
import { unpack } from "../decoding/unpack";

/** Where one record is. With its version the browser may keep the answer for good. */
export interface RecordAddress {
  run: string;
  tag: string;
  step: number;
  version: string | null;
}

export interface SeriesAddress {
  run: string;
  tag: string;
  names: readonly string[];
}

export interface Api {
  index(signal?: AbortSignal): Promise<RunIndex>;
  record(at: RecordAddress, signal?: AbortSignal): Promise<Sized<RecordHeader>>;
  thumbnails(at: RecordAddress, signal?: AbortSignal): Promise<Sized<Thumbnails>>;
  /** Of all heads of the layer, or of one. */
  weights(
    at: RecordAddress,
    layer: number,
    head: number | null,
    signal?: AbortSignal,
  ): Promise<Sized<LayerWeights>>;
  vectors(
    at: RecordAddress,
    layer: number,
    head: number,
    signal?: AbortSignal,
  ): Promise<Sized<HeadVectors>>;
  metrics(run: string, tag: string, signal?: AbortSignal): Promise<Sized<MetricSeries>>;
  /** The same with lasting changes, roles and baseline. */
  evolution(run: string, tag: string, signal?: AbortSignal): Promise<Sized<MetricSeries>>;
  /** These alone, of a series whose metrics are here already; one of them travels along. */
  evolutionFacts(series: SeriesAddress, signal?: AbortSignal): Promise<EvolutionFacts | null>;
  /** Tags of TensorBoard's own scalars of a run. */
  scalarTags(run: string, signal?: AbortSignal): Promise<string[]>;
  scalar(run: string, tag: string, signal?: AbortSignal): Promise<ScalarSeries>;
  /** What changed from the first record (A) to the second (B). */
  compare(
    first: RecordAddress,
    second: RecordAddress,
    signal?: AbortSignal,
  ): Promise<Sized<Comparison>>;
  /** At as many of the steps as the server can do in its time. */
  find(
    run: string,
    tag: string,
    steps: readonly number[],
    pattern: FindPattern,
    signal?: AbortSignal,
  ): Promise<FoundSteps>;
  /** Hints under some limits of one's own. */
  health(run: string, tag: string, limits: Limits, signal?: AbortSignal): Promise<Sized<Health>>;
  /** Every run that TensorBoard knows, in the order in which its page gives them colours. */
  runNames(signal?: AbortSignal): Promise<string[]>;
  /** The log directory as TensorBoard names it; null when it does not say. */
  logDirectory(signal?: AbortSignal): Promise<string | null>;
}

const series: Decoder<MetricSeries> = {
  decode: decodeMetrics,
  bytes: ({ values }) => values.byteLength,
};

type RecordRoutes = Pick<Api, "record" | "thumbnails" | "weights" | "vectors" | "compare">;
type SeriesRoutes = Pick<Api, "metrics" | "evolution" | "evolutionFacts" | "health" | "find">;

function recordRoutes(door: Door): RecordRoutes {
  return {
    record: (at, signal) => door.text<RecordHeader>("record", address(at), signal),
    thumbnails: (at, signal) =>
      door.binary(
        "thumbnails",
        address(at),
        {
          decode: decodeThumbnails,
          bytes: ({ codes }) => codes.byteLength,
          buffers: ({ codes }) => [codes.buffer],
        },
        signal,
      ),
    weights: (at, layer, head, signal) =>
      door.binary(
        "weights",
        { ...address(at), layer, ...(head !== null && { head }) },
        {
          decode: decodeWeights,
          bytes: (weights) => weights.byteLength,
          buffers: ({ codes, values }) => [(codes ?? values)!.buffer],
        },
        signal,
      ),
    vectors: (at, layer, head, signal) =>
      door.binary(
        "vectors",
        { ...address(at), layer, head },
        {
          decode: decodeVectors,
          bytes: ({ query, key, bias }) =>
            query.byteLength + key.byteLength + (bias?.byteLength ?? 0),
        },
        signal,
      ),
    compare: (first, second, signal) =>
      door.binary(
        "compare",
        comparisonQuery(first, second),
        { decode: decodeComparison, bytes: (comparison) => comparison.byteLength },
        signal,
      ),
  };
}

function seriesRoutes(door: Door): SeriesRoutes {
  return {
    metrics: (run, tag, signal) => door.binary("metrics", { run, tag }, series, signal),
    evolution: (run, tag, signal) =>
      door.binary("metrics", { run, tag, evolution: 1 }, series, signal),
    async evolutionFacts({ run, tag, names }, signal) {
      const query: Query = { run, tag, evolution: 1 };
      const spare = names.find((name) => !name.includes(","));
      if (spare !== undefined) query["values"] = spare;
      const decode = (buffer: ArrayBuffer): EvolutionFacts | null =>
        decodeEvolution(unpack(buffer));
      return (await door.binary("metrics", query, { decode, bytes: () => 0 }, signal)).value;
    },
    health: (run, tag, limits, signal) =>
      door.binary(
        "metrics",
        { run, tag, evolution: 1, ...limits },
        {
          decode: (buffer) => decodeHealth(unpack(buffer)),
          bytes: ({ hints }) => 1000 * (hints.length + 1),
        },
        signal,
      ),
    async find(run, tag, steps, pattern, signal) {
      const query = { run, tag, steps: steps.join(","), ...patternQuery(pattern) };
      return (await door.binary("find", query, { decode: decodeFound, bytes: () => 0 }, signal))
        .value;
    },
  };
}

export function createApi(fetch: Fetch): Api {
  const door = openDoor(fetch);
  return {
    ...recordRoutes(door),
    ...seriesRoutes(door),
    index: (signal) => door.json<RunIndex>("index", {}, signal),
    async scalarTags(run, signal) {
      return (await door.json<{ tags: string[] }>("scalars", { run }, signal)).tags;
    },
    scalar: (run, tag, signal) => door.json<ScalarSeries>("scalars", { run, tag }, signal),
    runNames: (signal) => door.json<string[]>("../../runs", {}, signal),
    async logDirectory(signal) {
      const answer = await door.json<unknown>("../../environment", {}, signal);
      const place = (answer as { data_location?: unknown } | null)?.data_location;
      return typeof place === "string" && place !== "" ? place : null;
    },
  };
}

function address({ run, tag, step, version }: RecordAddress): Query {
  return version === null ? { run, tag, step } : { run, tag, step, v: version };
}
