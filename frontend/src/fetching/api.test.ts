import { describe, expect, it, vi } from "vitest";

import { createApi } from "./api";
import { ApiError } from "../decoding/errors";

const at = { run: "a/b &", tag: "doctor/she", step: 8, version: "12-34" };

function answering(body: BodyInit | null, init?: ResponseInit) {
  const urls: string[] = [];
  const api = createApi((url) => {
    urls.push(url);
    return Promise.resolve(new Response(body, init));
  });
  return { api, urls };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  }
  throw new Error("expected a rejection");
}

describe("requests", () => {
  it("are relative, escaped, and name the version", async () => {
    const { api, urls } = answering("{}");
    await api.record(at);
    expect(urls).toEqual(["record?run=a%2Fb%20%26&tag=doctor%2Fshe&step=8&v=12-34"]);
  });

  it("leave the version out when it is not known", async () => {
    const { api, urls } = answering("{}");
    await api.record({ ...at, version: null });
    expect(urls[0]).not.toContain("v=");
  });

  it("tell what an answer costs to keep", async () => {
    const { api } = answering('{"step": 8}');
    expect(await api.record(at)).toEqual({ value: { step: 8 }, bytes: 44 });
  });

  it("pass an abort on as it is", async () => {
    const api = createApi((_, { signal }) => {
      signal!.throwIfAborted();
      return Promise.resolve(new Response("{}"));
    });
    await expect(api.index(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a store that does not answer", () => {
  const busy = (retry: string | null): Response =>
    new Response('{"error": {"code": "busy", "message": "not now"}}', {
      status: 503,
      ...(retry !== null && { headers: { "Retry-After": retry } }),
    });

  it("is asked again when the server says", async () => {
    vi.useFakeTimers();
    const answers = [busy("3"), busy("3"), new Response("{}")];
    const fetch = vi.fn(() => Promise.resolve(answers.shift()!));
    const asked = createApi(fetch).record(at);
    await vi.advanceTimersByTimeAsync(2999);
    expect(fetch).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(3001);
    expect((await asked).value).toEqual({});
    vi.useRealTimers();
  });

  it("is told in the end, and is no damage", async () => {
    vi.useFakeTimers();
    const fetch = vi.fn(() => Promise.resolve(busy("1")));
    const told = failure(createApi(fetch).record(at));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await told).toMatchObject({ status: 503, code: "busy", damaged: false, passing: true });
    expect(fetch).toHaveBeenCalledTimes(6);
    vi.useRealTimers();
  });

  it("is not asked again when nobody waits any more, or without a time", async () => {
    const abort = new AbortController();
    const fetch = vi.fn(() => Promise.resolve(busy("3")));
    const asked = createApi(fetch).index(abort.signal);
    setTimeout(() => abort.abort(), 10);
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    expect(fetch).toHaveBeenCalledTimes(1);
    const plain = vi.fn(() => Promise.resolve(busy(null)));
    expect((await failure(createApi(plain).index())).code).toBe("busy");
    expect(plain).toHaveBeenCalledTimes(1);
  });
});

describe("errors", () => {
  it("carry the server's status, code, message and fields", async () => {
    const error = { code: "damaged", message: "cannot read", path: "r/x", reason: "cut short" };
    const { api } = answering(JSON.stringify({ error }), { status: 422 });
    const told = await failure(api.thumbnails(at));
    expect(told).toMatchObject({ status: 422, code: "damaged", message: "cannot read" });
    expect(told.details).toEqual({ path: "r/x", reason: "cut short" });
    expect(told.damaged).toBe(true);
  });

  it("without our JSON are told by their status", async () => {
    const { api } = answering("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" });
    const told = await failure(api.index());
    expect(told).toMatchObject({ status: 502, code: "unexplained" });
    expect(told.message).toBe("TensorBoard answered 502 Bad Gateway");
  });

  it("of the network keep their cause and say what to look at", async () => {
    const cause = new TypeError("Failed to fetch");
    const api = createApi(() => Promise.reject(cause));
    const told = await failure(api.metrics("r", "t"));
    expect(told).toMatchObject({ status: 0, code: "unreachable", cause });
    expect(told.message).toContain("Is it still running?");
    expect(told.damaged).toBe(false);
  });

  it("of bytes that cannot be decoded count as damage", async () => {
    const { api } = answering(new Uint8Array([255, 0, 0, 0]));
    const told = await failure(api.weights(at, 0, null));
    expect(told).toMatchObject({ code: "undecodable", damaged: true });
  });

  it("of JSON that breaks off count as damage too", async () => {
    const { api } = answering('{"run": {');
    expect(await failure(api.index())).toMatchObject({ code: "undecodable" });
  });
});

describe("the log directory", () => {
  it("is what TensorBoard says", async () => {
    const { api, urls } = answering('{"data_location": "./runs"}');
    expect(await api.logDirectory()).toBe("./runs");
    expect(urls).toEqual(["../../environment"]);
  });

  it.each(["{}", '{"data_location": ""}', "null"])("is unknown in %s", async (body) => {
    expect(await answering(body).api.logDirectory()).toBeNull();
  });
});
