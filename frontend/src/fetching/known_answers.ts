/** What the server answered last → requests for what changed since, and the whole of it after each answer. */

import type { RunIndex } from "../decoding/answers";
import { decodeEvolution, type EvolutionFacts } from "../decoding/evolution_facts";
import { applyIndexChanges, parseChanges, type IndexChanges } from "../decoding/index_changes";
import type { MetricSeries } from "../decoding/metric_series";
import { applyChanges, type ThinnedSeries } from "../decoding/series_changes";
import { unpack } from "../decoding/unpack";
import type { Door, Query, Sized } from "./request";

/** Pixel columns of a series: those of a wide chart on a fine screen, so that none is seen. */
const WIDTH = 512;
/** Numbers in one series, above which it gets fewer columns. */
const MOST_NUMBERS = 4 << 20;
const FEWEST_COLUMNS = 16;
const ROWS_PER_COLUMN = 3;
/** Series and facts that are kept, of the probes and runs looked at last. */
const KEPT = 12;

/** The values used last, by name. */
class Recent<T> {
  readonly #kept = new Map<string, T>();

  get(name: string): T | undefined {
    return this.#kept.get(name);
  }

  set(name: string, value: T): void {
    this.#kept.delete(name);
    this.#kept.set(name, value);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > KEPT) this.#kept.delete(oldest);
  }
}

export class KnownIndex {
  #index: RunIndex = {};
  #token = "";

  constructor(readonly door: Door) {}

  async ask(signal?: AbortSignal): Promise<RunIndex> {
    const query = { since: this.#token };
    const answer = await this.door.json<RunIndex | IndexChanges>("index", query, signal);
    const changes = parseChanges(answer);
    if (changes === null) return answer as RunIndex;
    this.#index = applyIndexChanges(this.#index, changes);
    this.#token = changes.token;
    return this.#index;
  }
}

export class KnownSeries {
  readonly #kept = new Recent<ThinnedSeries & { width: number }>();

  constructor(readonly door: Door) {}

  async ask(run: string, tag: string, signal?: AbortSignal): Promise<Sized<MetricSeries>> {
    const name = JSON.stringify([run, tag]);
    const before = this.#kept.get(name);
    const width = before === undefined ? WIDTH : widthFor(before.series);
    const isSame = before?.width === width;
    const query: Query = { run, tag, width, since: isSame ? before.token : "" };
    const decode = (buffer: ArrayBuffer): ThinnedSeries =>
      applyChanges(isSame ? before : null, buffer);
    const bytes = ({ series }: ThinnedSeries): number => series.values.byteLength;
    const { value, ...sized } = await this.door.binary("metrics", query, { decode, bytes }, signal);
    this.#kept.set(name, { ...value, width });
    return { ...sized, value: value.series };
  }
}

/** Fewer columns for a model of many heads. */
function widthFor({ shape }: MetricSeries): number {
  const perRow = shape.slice(1).reduce((product, side) => product * side, 1);
  const fitting = Math.floor(MOST_NUMBERS / Math.max(1, ROWS_PER_COLUMN * perRow));
  return Math.min(WIDTH, Math.max(FEWEST_COLUMNS, fitting));
}

/** Marks, roles and hints alone. */
export class KnownFacts {
  readonly #kept = new Recent<{ facts: EvolutionFacts; token: string }>();

  constructor(readonly door: Door) {}

  /** null: not known yet, or nothing to be known. */
  async ask(
    run: string,
    tag: string,
    limits: Query = {},
    signal?: AbortSignal,
  ): Promise<{ facts: EvolutionFacts | null; isPending: boolean }> {
    const name = JSON.stringify([run, tag, limits]);
    const before = this.#kept.get(name);
    const query = { run, tag, evolution: "only", since: before?.token ?? "", ...limits };
    let isPending = false;
    const decode = (buffer: ArrayBuffer): EvolutionFacts | null => {
      const answer = unpack(buffer);
      const facts = decodeEvolution(answer, before?.facts ?? null);
      const token = answer.fields["token"];
      isPending = answer.fields["pending"] === true;
      if (facts !== null && typeof token === "string") this.#kept.set(name, { facts, token });
      return facts;
    };
    const bytes = (): number => 0;
    const { value } = await this.door.binary("metrics", query, { decode, bytes }, signal);
    return { facts: value ?? before?.facts ?? null, isPending };
  }
}
