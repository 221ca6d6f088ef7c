/** A route and its query → the answer's body, decoded; every refusal and every damage as an ApiError. */

import { ApiError, type ApiErrorDetails } from "../decoding/errors";
import { release } from "../decoding/release";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
/** A list is a parameter that is named once for each of its values. */
export type Query = Record<string, string | number | readonly string[]>;

/** An answer and what it costs to keep, in bytes. */
export interface Sized<T> {
  value: T;
  bytes: number;
  /** Gives the memory back at once; the value must not be read afterwards. */
  release?: () => void;
}

/** What an answer of bytes is decoded to, what that weighs, and which buffers it lies in. */
export interface Decoder<T> {
  readonly decode: (buffer: ArrayBuffer) => T | Promise<T>;
  readonly bytes: (value: T) => number;
  readonly buffers?: (value: T) => ArrayBuffer[];
}

export interface Door {
  json<T>(route: string, query: Query, signal?: AbortSignal): Promise<T>;
  /** Decoded from text, four bytes a character. */
  text<T>(route: string, query: Query, signal?: AbortSignal): Promise<Sized<T>>;
  binary<T>(
    route: string,
    query: Query,
    decoder: Decoder<T>,
    signal?: AbortSignal,
  ): Promise<Sized<T>>;
}

/** Below the frame's base URL, so that TensorBoard's --path_prefix and /experiment/… hold. */
export function openDoor(fetch: Fetch): Door {
  const get = (route: string, query: Query, signal?: AbortSignal): Promise<Response> =>
    request(fetch, route + toQuery(query), signal);
  return {
    async json<T>(route: string, query: Query, signal?: AbortSignal) {
      return body(await get(route, query, signal), (answer) => answer.json() as Promise<T>);
    },
    async text<T>(route: string, query: Query, signal?: AbortSignal) {
      const text = await body(await get(route, query, signal), (answer) => answer.text());
      const value = await decoded(() => JSON.parse(text) as T);
      return { value, bytes: 4 * text.length };
    },
    async binary(route, query, { decode, bytes, buffers }, signal) {
      const answer = await get(route, query, signal);
      const buffer = await body(answer, (each) => each.arrayBuffer());
      const value = await decoded(() => decode(buffer));
      return { value, bytes: bytes(value), release: () => buffers?.(value).forEach(release) };
    },
  };
}

function toQuery(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (typeof value === "object" ? value : [value]).map((each) => `${name}=${encode(each)}`),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** A lone surrogate has no bytes in a URL; it travels as U+FFFD. */
function encode(value: string | number): string {
  return encodeURIComponent(String(value).toWellFormed());
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** How often to ask again where the server names a time for it. */
const MOST_RETRIES = 5;
const LONGEST_PAUSE_S = 10;

async function request(fetch: Fetch, url: string, signal?: AbortSignal): Promise<Response> {
  for (let left = MOST_RETRIES; ; left--) {
    const response = await answer(fetch, url, signal);
    if (response.ok) return response;
    const seconds = retryAfter(response);
    if (seconds === null || left === 0) throw await refusal(response);
    await pause(1000 * seconds, signal);
    signal?.throwIfAborted();
  }
}

async function answer(fetch: Fetch, url: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw unreachable(cause);
  }
}

/** Seconds after which a passing trouble is worth another try; null: it is none. */
function retryAfter({ status, headers }: Response): number | null {
  const seconds = Number(headers.get("Retry-After") ?? "");
  return status === 503 && seconds > 0 ? Math.min(seconds, LONGEST_PAUSE_S) : null;
}

/** Resolves later, or when it is called off. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
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
