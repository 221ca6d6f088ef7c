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
import { ApiError, type ApiErrorDetails } from "../decoding/errors";
import { decodeEvolution, type EvolutionFacts } from "../decoding/evolution_facts";
import { decodeFound, type FoundSteps } from "../decoding/found_heads";
import { decodeHealth } from "../decoding/health_facts";
import type { Health, Limits } from "../decoding/health_facts";
import { release } from "../decoding/release";
import type { FindPattern } from "../text/pattern";
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

/** An answer and what it costs to keep, in bytes. */
export interface Sized<T> {
  value: T;
  bytes: number;
  /** Gives the memory back at once; the value must not be read afterwards. */
  release?: () => void;
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
  /** The log directory as TensorBoard names it; null when it does not say. */
  logDirectory(signal?: AbortSignal): Promise<string | null>;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;
type Query = Record<string, string | number>;

/** Below the frame's base URL, so that TensorBoard's --path_prefix and /experiment/… hold. */
export function createApi(fetch: Fetch): Api {
  const get = (route: string, query: Query, signal?: AbortSignal): Promise<Response> =>
    request(fetch, route + toQuery(query), signal);

  async function binary<T>(
    response: Promise<Response>,
    decode: (buffer: ArrayBuffer) => T | Promise<T>,
    bytes: (value: T) => number,
    buffers: (value: T) => ArrayBuffer[] = () => [],
  ): Promise<Sized<T>> {
    const buffer = await body(await response, (answer) => answer.arrayBuffer());
    const value = await decoded(() => decode(buffer));
    return { value, bytes: bytes(value), release: () => buffers(value).forEach(release) };
  }

  return {
    async index(signal) {
      const response = await get("index", {}, signal);
      return body(response, (answer) => answer.json() as Promise<RunIndex>);
    },
    async record(at, signal) {
      const response = await get("record", address(at), signal);
      const text = await body(response, (answer) => answer.text());
      const value = await decoded(() => JSON.parse(text) as RecordHeader);
      return { value, bytes: 4 * text.length };
    },
    thumbnails: (at, signal) =>
      binary(
        get("thumbnails", address(at), signal),
        decodeThumbnails,
        ({ codes }) => codes.byteLength,
        ({ codes }) => [codes.buffer],
      ),
    weights: (at, layer, head, signal) =>
      binary(
        get("weights", { ...address(at), layer, ...(head !== null && { head }) }, signal),
        decodeWeights,
        (weights) => weights.byteLength,
        ({ codes, values }) => [(codes ?? values)!.buffer],
      ),
    vectors: (at, layer, head, signal) =>
      binary(
        get("vectors", { ...address(at), layer, head }, signal),
        decodeVectors,
        ({ query, key, bias }) => query.byteLength + key.byteLength + (bias?.byteLength ?? 0),
      ),
    metrics: (run, tag, signal) =>
      binary(get("metrics", { run, tag }, signal), decodeMetrics, (s) => s.values.byteLength),
    evolution: (run, tag, signal) =>
      binary(
        get("metrics", { run, tag, evolution: 1 }, signal),
        decodeMetrics,
        (s) => s.values.byteLength,
      ),
    compare: (first, second, signal) =>
      binary(
        get("compare", comparisonQuery(first, second), signal),
        decodeComparison,
        (comparison) => comparison.byteLength,
      ),
    async find(run, tag, steps, pattern, signal) {
      const query = { run, tag, steps: steps.join(","), ...patternQuery(pattern) };
      const answer = await binary(get("find", query, signal), decodeFound, () => 0);
      return answer.value;
    },
    health: (run, tag, limits, signal) =>
      binary(
        get("metrics", { run, tag, evolution: 1, ...limits }, signal),
        (buffer) => decodeHealth(unpack(buffer)),
        ({ hints }) => 1000 * (hints.length + 1),
      ),
    async evolutionFacts({ run, tag, names }, signal) {
      const query: Query = { run, tag, evolution: 1 };
      const spare = names.find((name) => !name.includes(","));
      if (spare !== undefined) query["values"] = spare;
      const read = (buffer: ArrayBuffer): EvolutionFacts | null => decodeEvolution(unpack(buffer));
      return (await binary(get("metrics", query, signal), read, () => 0)).value;
    },
    async scalarTags(run, signal) {
      const response = await get("scalars", { run }, signal);
      const answer = await body(response, (each) => each.json() as Promise<{ tags: string[] }>);
      return answer.tags;
    },
    async scalar(run, tag, signal) {
      const response = await get("scalars", { run, tag }, signal);
      return body(response, (each) => each.json() as Promise<ScalarSeries>);
    },
    async logDirectory(signal) {
      const response = await get("../../environment", {}, signal);
      const answer = await body(response, (each) => each.json() as Promise<unknown>);
      const place = (answer as { data_location?: unknown } | null)?.data_location;
      return typeof place === "string" && place !== "" ? place : null;
    },
  };
}

function address({ run, tag, step, version }: RecordAddress): Query {
  return version === null ? { run, tag, step } : { run, tag, step, v: version };
}

function toQuery(query: Query): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** A lone surrogate has no bytes in a URL; it travels as U+FFFD. */
function encode(value: string | number): string {
  return encodeURIComponent(String(value).toWellFormed());
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

async function request(fetch: Fetch, url: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw unreachable(cause);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

function unreachable(cause: unknown): ApiError {
  const message = "TensorBoard does not answer. Is it still running?";
  return new ApiError(0, "unreachable", message, {}, { cause });
}

/** The body may break off after the status has come. */
async function body<T>(response: Response, read: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await read(response);
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    if (cause instanceof SyntaxError) throw undecodable(cause);
    throw unreachable(cause);
  }
}

async function decoded<T>(decode: () => T | Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (cause) {
    throw undecodable(cause);
  }
}

function undecodable(cause: unknown): ApiError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(0, "undecodable", `The answer cannot be read: ${reason}`, {}, { cause });
}

/** {"error": {"code", "message", …}} of our own routes; anything else is told by its status. */
async function refusal(response: Response): Promise<ApiError> {
  const said = `TensorBoard answered ${response.status} ${response.statusText}`.trim();
  try {
    const { error } = (await response.json()) as { error: ApiErrorDetails };
    const { code, message, ...details } = error;
    return new ApiError(response.status, String(code), String(message ?? said), details);
  } catch (cause) {
    return new ApiError(response.status, "unexplained", said, {}, { cause });
  }
}
