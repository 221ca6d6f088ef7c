/** One wanted job at a time → a Loaded signal. */

import type { Signal } from "@preact/signals";

import { ApiError } from "../decoding/errors";
import { shown, stale, type Loaded } from "../state/load";
import type { Job, RequestCache } from "./request_cache";

export const isAbort = (error: unknown): boolean =>
  error instanceof Error && error.name === "AbortError";

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, "unexpected", String(error), {}, { cause: error });
}

export class Slot<T> {
  #wanted: string | null = null;

  constructor(
    readonly target: Signal<Loaded<T>>,
    readonly cache: RequestCache,
    /** The server no longer has what its listing named: list again. */
    readonly onGone: () => Promise<void>,
  ) {}

  /** Show the job's answer: at once when it is kept, else when it comes, unless another is wanted by then. */
  async want(job: Job<T>): Promise<void> {
    const again = this.#wanted === job.key && this.target.peek().status === "ready";
    this.#wanted = job.key;
    if (again) return;
    const kept = this.cache.peek(job);
    const damage = this.cache.damage(job.key);
    if (kept !== undefined) this.target.value = { status: "ready", value: kept.value };
    else if (damage !== undefined) this.#fail(damage);
    else await this.#fetch(job);
  }

  /** Nothing is wanted. */
  clear(): void {
    this.#wanted = null;
    if (this.target.peek().status !== "idle") this.target.value = { status: "idle" };
  }

  /** Nothing is wanted for now: what was shown stays, and nobody waits. */
  rest(): void {
    if (this.target.peek().status !== "loading") return;
    this.#wanted = null;
    const previous = shown(this.target.peek());
    this.target.value = previous === undefined ? { status: "idle" } : { status: "idle", previous };
  }

  /** It is known that there is nothing to ask for, and why. */
  refuse(error: ApiError): void {
    this.#wanted = null;
    this.#fail(error);
  }

  async #fetch(job: Job<T>): Promise<void> {
    if (this.target.peek().status !== "loading") this.target.value = stale(this.target.peek());
    try {
      const value = await this.cache.get(job);
      if (this.#wanted === job.key) this.target.value = { status: "ready", value };
    } catch (error) {
      if (isAbort(error) || this.#wanted !== job.key) return;
      const told = asApiError(error);
      if (told.status === 404 || told.status === 410) await this.onGone();
      if (this.#wanted === job.key) this.#fail(told);
    }
  }

  #fail(error: ApiError): void {
    const previous = shown(this.target.peek());
    this.target.value =
      previous === undefined ? { status: "error", error } : { status: "error", error, previous };
  }
}
