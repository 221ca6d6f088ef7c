/** Ticked runs and the shown scalar → the same scalar of each of them that has it. */

import type { ScalarSeries } from "../decoding/answers";
import type { Api } from "../fetching/api";
import { rivalScalars } from "../state";

/** One run after the other; what a run does not have is not asked for. */
export class RivalScalars {
  #abort = new AbortController();

  constructor(readonly api: Api) {}

  async show(names: readonly string[], tag: string): Promise<void> {
    this.stop();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const kept = [...rivalScalars.peek()].filter(
      ([name, series]) => names.includes(name) && series.tag === tag,
    );
    const found = new Map(kept);
    if (found.size !== rivalScalars.peek().size) rivalScalars.value = new Map(found);
    for (const name of names) {
      const series = await this.#ask(name, tag, signal);
      if (signal.aborted) return;
      if (series === null) continue;
      found.set(name, series);
      rivalScalars.value = new Map(found);
    }
  }

  /** null: the run has none, or it cannot be read; its line is left out. */
  async #ask(name: string, tag: string, signal: AbortSignal): Promise<ScalarSeries | null> {
    try {
      const tags = await this.api.scalarTags(name, signal);
      return tags.includes(tag) ? await this.api.scalar(name, tag, signal) : null;
    } catch {
      return null;
    }
  }

  stop(): void {
    this.#abort.abort();
  }
}
