/** Requests to the plugin's routes → parsed answers, or an ApiError. */

import type { RecordHeader, RunIndex, ScalarSeries } from "../decoding/answers";
import type { Comparison } from "../decoding/comparison";
import type { Quantity } from "../decoding/contribution";
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
import { fits, type EvolutionFacts } from "../decoding/evolution_facts";
import { decodeRegion, type Region } from "../decoding/region";
import { decodeHeadMaps, type HeadMaps, type MapSide } from "../decoding/head_maps";
import { decodeMedia, mediaBytes, type Media } from "../decoding/picture";
import { decodeRollout, type Rollout } from "../decoding/rollout";
import { decodeFound, type FoundSteps } from "../decoding/found_heads";
import type { Health, Limits } from "../decoding/health_facts";
import type { FindPattern } from "../text/pattern";
import { KnownFacts, KnownIndex, KnownSeries } from "./known_answers";
import {
  openDoor,
  pause,
  type Decoder,
  type Door,
  type Fetch,
  type Query,
  type Sized,
} from "./request";
import { comparisonQuery, patternQuery, quantityQuery } from "./study_queries";

/** Where one record is. With its version the browser may keep the answer for good. */
export interface RecordAddress {
  run: string;
  tag: string;
  step: number;
  version: string | null;
}

/** Queries and keys [first, end) of a head. */
export interface RegionAddress {
  layer: number;
  head: number;
  query: readonly [first: number, end: number];
  key: readonly [first: number, end: number];
  side: number;
}

export interface SeriesAddress {
  run: string;
  tag: string;
}

export interface Api {
  index(signal?: AbortSignal): Promise<RunIndex>;
  record(at: RecordAddress, signal?: AbortSignal): Promise<Sized<RecordHeader>>;
  thumbnails(
    at: RecordAddress,
    signal?: AbortSignal,
    quantity?: Quantity,
  ): Promise<Sized<Thumbnails>>;
  /** Of all heads of the layer, or of one. */
  weights(
    at: RecordAddress,
    layer: number,
    head: number | null,
    signal?: AbortSignal,
  ): Promise<Sized<LayerWeights>>;
  /** Part of a head as a picture of at most `side` pixels a side. */
  region(at: RecordAddress, of: RegionAddress, signal?: AbortSignal): Promise<Sized<Region>>;
  /** One row of a head. */
  row(
    at: RecordAddress,
    of: { layer: number; head: number; query: number },
    signal?: AbortSignal,
  ): Promise<Sized<Float32Array>>;
  vectors(
    at: RecordAddress,
    layer: number,
    head: number,
    signal?: AbortSignal,
  ): Promise<Sized<HeadVectors>>;
  /** Of one query, or one key, in every head of one layer, or of all (null). */
  maps(
    at: RecordAddress,
    of: MapSide,
    layer: number | null,
    signal?: AbortSignal,
    quantity?: Quantity,
  ): Promise<Sized<HeadMaps>>;
  /** Of all layers of a stack, as one; `heads`: how those of a layer become one. */
  rollout(
    at: RecordAddress,
    stack: string,
    heads: string,
    signal?: AbortSignal,
  ): Promise<Sized<Rollout>>;
  /** A picture or a sound that the record names. */
  picture(at: RecordAddress, sha256: string, signal?: AbortSignal): Promise<Sized<Media>>;
  /** Thinned to pixels; `pending` while the server has not read all steps. */
  metrics(run: string, tag: string, signal?: AbortSignal): Promise<Sized<MetricSeries>>;
  /** Exactly, of some steps. */
  metricsAt(
    run: string,
    tag: string,
    steps: readonly number[],
    signal?: AbortSignal,
  ): Promise<MetricSeries>;
  /** The same with lasting changes, roles and baseline, as far as they are known. */
  evolution(run: string, tag: string, signal?: AbortSignal): Promise<Sized<MetricSeries>>;
  /** These alone, when they are worked out; null where there are none. */
  evolutionFacts(series: SeriesAddress, signal?: AbortSignal): Promise<EvolutionFacts | null>;
  /** Tags of TensorBoard's own scalars of a run. */
  scalarTags(run: string, signal?: AbortSignal): Promise<string[]>;
  scalar(run: string, tag: string, signal?: AbortSignal): Promise<ScalarSeries>;
  /** What changed from the first record (A) to the second (B). */
  compare(
    first: RecordAddress,
    second: RecordAddress,
    signal?: AbortSignal,
    quantity?: Quantity,
  ): Promise<Sized<Comparison>>;
  /** At as many of the steps as the server can do in its time. */
  find(
    run: string,
    tag: string,
    steps: readonly number[],
    pattern: FindPattern,
    signal?: AbortSignal,
    quantity?: Quantity,
  ): Promise<FoundSteps>;
  /** Hints under some limits of one's own. */
  health(run: string, tag: string, limits: Limits, signal?: AbortSignal): Promise<Sized<Health>>;
  /** Every run that TensorBoard knows, in the order in which its page gives them colours. */
  runNames(signal?: AbortSignal): Promise<string[]>;
  /** The log directory as TensorBoard names it; null when it does not say. */
  logDirectory(signal?: AbortSignal): Promise<string | null>;
  /** The latest readable header of many probes; those that could not be had in time are left out. */
  texts(run: string, tags: readonly string[], signal?: AbortSignal): Promise<Texts>;
}

export interface Texts {
  texts: Record<string, RecordHeader>;
  missing: Record<string, string>;
  /** To be asked for again. */
  left: string[];
}

const series: Decoder<MetricSeries> = {
  decode: decodeMetrics,
  bytes: ({ values }) => values.byteLength,
};

type RecordRoutes = Pick<
  Api,
  "record" | "thumbnails" | "weights" | "region" | "row" | "vectors" | "compare"
>;
type SeriesRoutes = Pick<
  Api,
  "metrics" | "metricsAt" | "evolution" | "evolutionFacts" | "health" | "find"
>;

/** Between two questions for what the server is working out. */
const PAUSE_MS = 500;

function recordRoutes(door: Door): RecordRoutes {
  return {
    record: (at, signal) => door.text<RecordHeader>("record", address(at), signal),
    thumbnails: (at, signal, quantity) =>
      door.binary(
        "thumbnails",
        { ...address(at), ...quantityQuery(quantity) },
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
    region: (at, { layer, head, query, key, side }, signal) =>
      door.binary(
        "region",
        { ...address(at), layer, head, queries: spanOf(query), keys: spanOf(key), side },
        { decode: decodeRegion, bytes: ({ codes }) => codes.byteLength },
        signal,
      ),
    row: (at, { layer, head, query }, signal) =>
      door.binary(
        "weights",
        { ...address(at), layer, head, queries: spanOf([query, query + 1]) },
        { decode: decodeRow, bytes: ({ byteLength }) => byteLength },
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
    compare: (first, second, signal, quantity) =>
      door.binary(
        "compare",
        { ...comparisonQuery(first, second), ...quantityQuery(quantity) },
        { decode: decodeComparison, bytes: (comparison) => comparison.byteLength },
        signal,
      ),
  };
}

function pictureRoutes(door: Door): Pick<Api, "maps" | "picture" | "rollout"> {
  return {
    maps: (at, { side, list, at: position }, layer, signal, quantity) =>
      door.binary(
        "maps",
        {
          ...{ ...address(at), [side]: position, list },
          ...(layer !== null && { layer }),
          ...quantityQuery(quantity),
        },
        {
          decode: (buffer) => decodeHeadMaps(buffer, at.step),
          bytes: (maps) => maps.byteLength,
        },
        signal,
      ),
    rollout: (at, stack, heads, signal) =>
      door.binary(
        "rollout",
        { ...address(at), stack, heads },
        { decode: decodeRollout, bytes: ({ weights }) => weights.byteLength },
        signal,
      ),
    picture: ({ run, tag, step }, sha256, signal) =>
      door.binary(
        "picture",
        { run, tag, step, sha256 },
        { decode: decodeMedia, bytes: mediaBytes },
        signal,
      ),
  };
}

function seriesRoutes(door: Door): SeriesRoutes {
  const [known, knownFacts] = [new KnownSeries(door), new KnownFacts(door)];

  async function settled(
    run: string,
    tag: string,
    limits: Limits,
    signal?: AbortSignal,
  ): Promise<EvolutionFacts | null> {
    for (;;) {
      const { facts, isPending } = await knownFacts.ask(run, tag, limits, signal);
      if (!isPending) return facts;
      await pause(PAUSE_MS, signal);
      signal?.throwIfAborted();
    }
  }

  return {
    metrics: (run, tag, signal) => known.ask(run, tag, signal),
    async metricsAt(run, tag, steps, signal) {
      const query = { run, tag, steps: steps.join(",") };
      return (await door.binary("metrics", query, series, signal)).value;
    },
    async evolution(run, tag, signal) {
      const [sized, { facts }] = await Promise.all([
        known.ask(run, tag, signal),
        knownFacts.ask(run, tag, {}, signal),
      ]);
      return facts === null || !fits(facts, sized.value)
        ? sized
        : { ...sized, value: sized.value.with(facts) };
    },
    async evolutionFacts({ run, tag }, signal) {
      return settled(run, tag, {}, signal);
    },
    async health(run, tag, limits, signal) {
      const facts = await settled(run, tag, limits, signal);
      const value = facts?.health ?? { hints: [], limits };
      return { value, bytes: 1000 * (value.hints.length + 1) };
    },
    async find(run, tag, steps, pattern, signal, quantity) {
      const what = { ...patternQuery(pattern), ...quantityQuery(quantity) };
      const query = { run, tag, steps: steps.join(","), ...what };
      return (await door.binary("find", query, { decode: decodeFound, bytes: () => 0 }, signal))
        .value;
    },
  };
}

export function createApi(fetch: Fetch): Api {
  const door = openDoor(fetch);
  const knownIndex = new KnownIndex(door);
  return {
    ...recordRoutes(door),
    ...pictureRoutes(door),
    ...seriesRoutes(door),
    index: (signal) => knownIndex.ask(signal),
    texts: (run, names, signal) => door.json<Texts>("texts", { run, tags: names }, signal),
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

/** Both ends are inside. */
function spanOf([first, end]: readonly [number, number]): string {
  return `${first}-${end - 1}`;
}

async function decodeRow(buffer: ArrayBuffer): Promise<Float32Array> {
  const one = await decodeWeights(buffer);
  const row = new Float32Array(one.keys);
  one.readRow(one.firstHead, 0, row);
  return row;
}

function address({ run, tag, step, version }: RecordAddress): Query {
  return version === null ? { run, tag, step } : { run, tag, step, v: version };
}
