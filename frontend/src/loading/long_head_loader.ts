/** The selected head of a long text → its picture, the parts in view and the pinned query's row; what is no longer wanted is called off. */

import { computed, effect, untracked } from "@preact/signals";

import type { Region } from "../decoding/region";
import type { Api, RecordAddress, RegionAddress } from "../fetching/api";
import * as state from "../state";
import type { HeadRow, Tile } from "../state";
import { type Job, RequestCache } from "./request_cache";
import { isAbort, Slot } from "./slot";

const KEPT_BYTES = 24 << 20;
/** Pixels of the whole head's picture: those of the one that is stored. */
const SIDE = 256;
/** Requests for parts under way at once. */
const WORKERS = 3;

interface Place {
  readonly at: RecordAddress;
  readonly layer: number;
  readonly head: number;
  readonly queries: number;
  readonly keys: number;
}

/** As text, so that it changes only with what it says; null where no long head is to be seen. */
const wanted = computed<string | null>(() => {
  const [run, tag, step] = [state.run.value, state.tag.value, state.step.value];
  if (state.view.value !== "head" || state.loadedHeads.value !== "long") return null;
  if (run === null || tag === null || step === null || state.isMetricsOnly.value) return null;
  const layer = state.layer.value;
  const { queries, keys, heads } = state.knownHeader.value!.layers[layer]!;
  const head = Math.min(state.head.value, heads - 1);
  const at: RecordAddress = { run, tag, step, version: state.version.value };
  return JSON.stringify({ at, layer, head, queries, keys } satisfies Place);
});

const hasRows = computed<boolean>(() => {
  const shape = state.knownHeader.value?.layers[state.layer.value];
  return shape !== undefined && state.hasWeights(shape);
});

/** Queries and keys of a tile, as far as there are any. */
export function addressOf(
  tile: Tile,
  { layer, head, queries, keys }: Omit<Place, "at">,
): RegionAddress {
  const side = state.TILE * 2 ** tile.level;
  const span = (number: number, count: number): readonly [number, number] => [
    number * side,
    Math.min(count, (number + 1) * side),
  ];
  const [query, key] = [span(tile.row, queries), span(tile.column, keys)];
  return { layer, head, query, key, side: state.TILE };
}

function pictureJob(api: Api, key: string): Job<Region> {
  const { at, layer, head, queries, keys } = JSON.parse(key) as Place;
  const whole: RegionAddress = { layer, head, query: [0, queries], key: [0, keys], side: SIDE };
  return { key: `picture ${key}`, fetch: (signal) => api.region(at, whole, signal) };
}

function tileJob(api: Api, key: string, tile: Tile): Job<Region> {
  const place = JSON.parse(key) as Place;
  return {
    key: `tile ${state.tileName(tile)} ${key}`,
    fetch: (signal) => api.region(place.at, addressOf(tile, place), signal),
  };
}

function rowJob(api: Api, key: string, query: number): Job<HeadRow> {
  const { at, layer, head } = JSON.parse(key) as Place;
  return {
    key: `row ${query} ${key}`,
    async fetch(signal) {
      const { value, bytes } = await api.row(at, { layer, head, query }, signal);
      return { value: { layer, head, query, weights: value }, bytes };
    },
  };
}

/** Brings the parts in view, a few at a time; those of another place or no longer in view are called off. */
class TileLoader {
  #key: string | null = null;
  readonly #failed = new Set<string>();
  readonly cache = new RequestCache(KEPT_BYTES);

  constructor(readonly api: Api) {}

  show(key: string | null, tiles: readonly Tile[]): void {
    if (key !== this.#key) {
      this.#key = key;
      this.#failed.clear();
      state.longTiles.value = new Map();
    }
    const jobs = key === null ? [] : tiles.map((tile) => tileJob(this.api, key, tile));
    this.cache.abortExcept(new Set(jobs.map((job) => job.key)));
    const left = jobs.map((job, at) => ({ job, name: state.tileName(tiles[at]!) }));
    const kept = left.flatMap(({ job, name }) => {
      const known = this.cache.peek(job);
      return known === undefined ? [] : [[name, known.value] as const];
    });
    this.#take(kept);
    const missing = left.filter(
      ({ job }) => !this.cache.has(job.key) && !this.#failed.has(job.key),
    );
    for (let worker = 0; worker < WORKERS; worker++) void this.#work(missing, key);
  }

  async #work(left: { job: Job<Region>; name: string }[], key: string | null): Promise<void> {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      try {
        const region = await this.cache.get(next.job);
        if (this.#key === key) this.#take([[next.name, region]]);
      } catch (error) {
        if (isAbort(error)) return;
        this.#failed.add(next.job.key); // the picture of the whole stays in its place
      }
    }
  }

  #take(tiles: readonly (readonly [string, Region])[]): void {
    const known = state.longTiles.peek();
    const fresh = tiles.filter(([name, region]) => known.get(name) !== region);
    if (fresh.length === 0) return;
    const all = [...known, ...fresh];
    state.longTiles.value = new Map(all.slice(-Math.floor(KEPT_BYTES / state.TILE ** 2)));
  }
}

export function startLongHeadLoader(api: Api, onGone: () => Promise<void>): () => void {
  const cache = new RequestCache(KEPT_BYTES / 4);
  const picture = new Slot(state.longPicture, cache, onGone);
  const row = new Slot(state.longRow, cache, onGone);
  const tiles = new TileLoader(api);
  const dispose = [
    effect(() => {
      const key = wanted.value;
      const query = hasRows.value ? state.query.value : null;
      if (state.hidden.value) return;
      untracked(() => {
        const jobs = {
          picture: key === null ? null : pictureJob(api, key),
          row: key === null || query === null ? null : rowJob(api, key, query),
        };
        cache.abortExcept(new Set([jobs.picture?.key ?? "", jobs.row?.key ?? ""]));
        if (jobs.picture === null) picture.clear();
        else void picture.want(jobs.picture);
        if (jobs.row === null) row.clear();
        else void row.want(jobs.row);
      });
    }),
    effect(() => {
      const [key, inView] = [wanted.value, state.wantedTiles.value];
      if (!state.hidden.value) untracked(() => tiles.show(key, inView));
    }),
  ];
  return () => {
    for (const each of dispose) each();
    cache.abortExcept(new Set());
    tiles.cache.abortExcept(new Set());
  };
}
