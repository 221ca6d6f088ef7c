/** Keyed requests → answers, each asked once, kept up to a number of bytes, aborted when unwanted. */

import { ApiError } from "../decoding/errors";
import { type Sized } from "../fetching/request";

/** How to get one thing; equal keys mean equal answers. */
export interface Job<T> {
  key: string;
  fetch: (signal: AbortSignal) => Promise<Sized<T>>;
}

interface UnderWay {
  answer: Promise<unknown>;
  abort: AbortController;
}

export class RequestCache {
  readonly #kept = new Map<string, Sized<unknown>>(); // in order of use, oldest first
  readonly #underWay = new Map<string, UnderWay>();
  readonly #damaged = new Map<string, ApiError>();
  #bytes = 0;

  constructor(
    readonly limit: number,
    /** What may be on screen keeps its memory when it leaves the cache. */
    readonly isInUse: (value: unknown) => boolean = () => true,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether any request is under way. */
  get isAsking(): boolean {
    return this.#underWay.size > 0;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  /** What is kept under the key, without asking for it. */
  peek<T>({ key }: Job<T>): Sized<T> | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found as Sized<T>;
  }

  /** Damaged bytes stay damaged until their version, and so the key, changes. */
  damage(key: string): ApiError | undefined {
    return this.#damaged.get(key);
  }

  /** Ask again for what was found damaged. */
  forgetDamage(): void {
    this.#damaged.clear();
  }

  get<T>(job: Job<T>): Promise<T> {
    const kept = this.peek(job);
    if (kept !== undefined) return Promise.resolve(kept.value);
    const running = this.#underWay.get(job.key) ?? this.#start(job);
    return running.answer as Promise<T>;
  }

  /** Abort every request under way but these. */
  abortExcept(wanted: ReadonlySet<string>): void {
    for (const [key, { abort }] of this.#underWay)
      if (!wanted.has(key)) {
        this.#underWay.delete(key);
        abort.abort();
      }
  }

  #start<T>(job: Job<T>): UnderWay {
    const abort = new AbortController();
    const answer = job.fetch(abort.signal).then(
      (sized) => {
        this.#ended(job.key, abort);
        if (!abort.signal.aborted) this.#keep(job.key, sized);
        return sized.value;
      },
      (error: unknown) => {
        this.#ended(job.key, abort);
        if (error instanceof ApiError && error.damaged) this.#damaged.set(job.key, error);
        throw error;
      },
    );
    const running = { answer, abort };
    this.#underWay.set(job.key, running);
    return running;
  }

  #ended(key: string, abort: AbortController): void {
    if (this.#underWay.get(key)?.abort === abort) this.#underWay.delete(key);
  }

  #keep(key: string, sized: Sized<unknown>): void {
    if (sized.bytes > this.limit) return;
    this.#kept.set(key, sized);
    this.#bytes += sized.bytes;
    for (const [oldest, { value, bytes, release }] of this.#kept) {
      if (this.#bytes <= this.limit) return;
      this.#kept.delete(oldest);
      this.#bytes -= bytes;
      // Later, as the one who waits for it may just be about to show it.
      setTimeout(() => {
        if (!this.isInUse(value)) release?.();
      });
    }
  }
}
