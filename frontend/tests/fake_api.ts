/** An Api whose answers come when the test says so. */

import type { Api, RecordAddress } from "../src/fetching/api";
import type { Sized } from "../src/fetching/request";
import { ApiError } from "../src/decoding/errors";
import type { RecordHeader, RunIndex } from "../src/decoding/answers";
import type { Comparison } from "../src/decoding/comparison";
import type { LayerWeights, MetricSeries, Thumbnails } from "../src/decoding/decode";
import { formatPattern } from "../src/state/find_state";
import type { FoundSteps } from "../src/decoding/found_heads";
import { formatLimits } from "../src/state/health_state";

interface Asked {
  what: string;
  aborted: boolean;
  answer: () => void;
  refuse: (error: Error) => void;
}

// Node draws nothing: a frame comes as soon as it is asked for.
globalThis.requestAnimationFrame ??= (draw) => Number(setTimeout(draw));

export interface FakeApi extends Api {
  /** Every request so far, in order. */
  asked: Asked[];
  /** Requests without an answer yet. */
  open: () => Asked[];
  /** Answer everything that is open, and what is then asked, until nothing is. */
  settle: () => Promise<void>;
  listing: RunIndex;
  /** Bytes that one answer weighs. */
  size: number;
  /** Whose memory was given back. */
  released: string[];
  /** What a search answers. */
  found: (steps: readonly number[]) => FoundSteps;
  /** Steps whose file is damaged. */
  damaged: Set<number>;
}

export const header = (tag: string, step: number): RecordHeader =>
  ({
    tag,
    step,
    probe: tag,
    metrics: [],
    tokens: { tokens: ["a", "b"] },
    special: { tokens: [] },
    layers: [
      { heads: 2, queries: 2, keys: 2, weights: true },
      { heads: 2, queries: 2, keys: 2, weights: true },
    ],
  }) as unknown as RecordHeader;

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A run's probe logged at `count` steps, 10 apart. */
export function listing(count: number, name = "p"): RunIndex {
  const steps = Array.from({ length: count }, (_, i) => 10 * i);
  const versions = steps.map((step) => `v${step}`);
  return {
    r: { [name]: { steps, wall_times: steps, versions, kinds: steps.map(() => "weights") } },
  };
}

export function fakeApi(): FakeApi {
  const asked: Asked[] = [];

  function ask<T>(what: string, signal: AbortSignal | undefined, value: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const entry: Asked = {
        what,
        aborted: false,
        answer: () => {
          done(entry);
          try {
            resolve(value());
          } catch (error) {
            reject(error as Error);
          }
        },
        refuse: (error) => {
          done(entry);
          reject(error);
        },
      };
      signal?.addEventListener("abort", () => {
        entry.aborted = true;
        done(entry);
        reject(new DOMException("aborted", "AbortError"));
      });
      asked.push(entry);
      waiting.add(entry);
    });
  }
  const waiting = new Set<Asked>();
  const done = (entry: Asked): boolean => waiting.delete(entry);

  function part<T>(name: string, at: RecordAddress, signal?: AbortSignal): Promise<Sized<T>> {
    return ask(`${name} ${at.tag} ${at.step} ${at.version}`, signal, () => {
      if (api.damaged.has(at.step)) throw new ApiError(422, "damaged", "cut short");
      const value = name === "record" ? header(at.tag, at.step) : { of: at.step };
      const what = `${name} ${at.step}`;
      return { value: value as T, bytes: api.size, release: () => void api.released.push(what) };
    });
  }

  const latestStep = (run: string, tag: string): number =>
    api.listing[run]?.[tag]?.steps.findLast((step) => !api.damaged.has(step)) ?? 0;

  const api: FakeApi = {
    asked,
    listing: listing(3),
    size: 100,
    released: [],
    damaged: new Set(),
    open: () => [...waiting],
    async settle() {
      for (let quiet = 0; quiet < 6; quiet++) {
        if (waiting.size > 0) quiet = 0;
        for (const entry of [...waiting]) entry.answer();
        await tick();
      }
    },
    index: (signal) => ask("index", signal, () => api.listing),
    record: (at, signal) => part<RecordHeader>("record", at, signal),
    thumbnails: (at, signal) => part<Thumbnails>("thumbnails", at, signal),
    weights: (at, layer, head, signal) =>
      part<LayerWeights>(`weights ${layer}${head === null ? "" : `.${head}`}`, at, signal),
    region: (at, { layer, head, query, key }, signal) =>
      part(`region ${layer} ${head} ${query.join("-")} ${key.join("-")}`, at, signal),
    row: (at, { layer, head, query }, signal) => part(`row ${layer} ${head} ${query}`, at, signal),
    vectors: (at, layer, head, signal) => part(`vectors ${layer} ${head}`, at, signal),
    maps: (at, of, layer, signal) => part(`maps ${of.side} ${of.at} ${layer ?? "all"}`, at, signal),
    rollout: (at, stack, heads, signal) => part(`rollout ${stack} ${heads}`, at, signal),
    picture: (at, sha256, signal) => part(`picture ${sha256}`, at, signal),
    metrics: (run, tag, signal) =>
      ask(`metrics ${run} ${tag}`, signal, () => ({
        value: { damaged: [] } as unknown as MetricSeries,
        bytes: api.size,
      })),
    metricsAt: async (run, tag, _, signal) => (await api.metrics(run, tag, signal)).value,
    evolution: (run, tag, signal) => api.metrics(run, tag, signal),
    evolutionFacts: () => Promise.resolve(null),
    scalarTags: (run, signal) => ask(`scalars ${run}`, signal, () => ["train/loss"]),
    scalar: (run, tag, signal) =>
      ask(`scalar ${run} ${tag}`, signal, () => ({
        run,
        tag,
        steps: [0, 10],
        wall_times: [0, 1],
        values: [2, 1],
      })),
    compare: (first, second, signal) =>
      part<Comparison>(`compare ${first.tag} ${first.step}`, second, signal),
    find: (run, tag, steps, pattern, signal) =>
      ask(`find ${run} ${tag} ${steps.join(",")} ${formatPattern(pattern)}`, signal, () =>
        api.found(steps),
      ),
    found: (steps) => ({
      steps,
      layers: 2,
      heads: 2,
      values: Float32Array.from({ length: 4 * steps.length }, (_, at) => at / 100),
      uniform: Float32Array.of(0.5, 0.5),
      left: [],
      skipped: [],
    }),
    health: (run, tag, limits, signal) =>
      ask(`health ${run} ${tag} ${formatLimits(limits)}`, signal, () => ({
        value: { hints: [], limits },
        bytes: api.size,
      })),
    runNames: () => Promise.resolve([]),
    logDirectory: () => Promise.resolve(null),
    texts: (run, tags, signal) =>
      ask(`texts ${run} ${tags.join(" ")}`, signal, () => ({
        texts: Object.fromEntries(tags.map((tag) => [tag, header(tag, latestStep(run, tag))])),
        missing: {},
        left: [],
      })),
  };
  return api;
}
