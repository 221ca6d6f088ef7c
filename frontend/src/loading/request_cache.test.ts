import { describe, expect, it } from "vitest";

import { ApiError } from "../decoding/errors";
import { RequestCache, type Job } from "./request_cache";

function job(key: string, bytes = 10): Job<string> & { asked: number } {
  const made = {
    key,
    asked: 0,
    fetch: () => {
      made.asked += 1;
      return Promise.resolve({ value: key, bytes });
    },
  };
  return made;
}

describe("the cache of requests", () => {
  it("never keeps more than its limit, and lets go what was used longest ago", async () => {
    const cache = new RequestCache(30);
    const [a, b, c, d] = [job("a"), job("b"), job("c"), job("d")] as const;
    for (const each of [a, b, c]) await cache.get(each);
    cache.peek(a);
    await cache.get(d);
    expect(cache.bytes).toBe(30);
    expect(["a", "b", "c", "d"].filter((key) => cache.has(key))).toEqual(["a", "c", "d"]);
  });

  it("gives back the memory of what it lets go, unless that is in use", async () => {
    const cache = new RequestCache(30, (value) => value === "b");
    const released: string[] = [];
    for (const key of ["a", "b", "c", "d", "e", "f"])
      await cache.get({
        key,
        fetch: () =>
          Promise.resolve({ value: key, bytes: 10, release: () => void released.push(key) }),
      });
    await new Promise((resolve) => setTimeout(resolve));
    expect(released).toEqual(["a", "c"]);
  });

  it("hands out what is larger than the limit without keeping it", async () => {
    const cache = new RequestCache(30);
    await cache.get(job("small"));
    expect(await cache.get(job("large", 31))).toBe("large");
    expect([cache.has("large"), cache.has("small"), cache.bytes]).toEqual([false, true, 10]);
  });

  it("asks once for what is wanted twice", async () => {
    const cache = new RequestCache(30);
    const wanted = job("a");
    await Promise.all([cache.get(wanted), cache.get(wanted)]);
    await cache.get(wanted);
    expect(wanted.asked).toBe(1);
  });

  it("remembers damage until told to forget it, but no other failure", async () => {
    const cache = new RequestCache(30);
    const fail = (key: string, status: number): Job<string> => ({
      key,
      fetch: () => Promise.reject(new ApiError(status, "x", "y")),
    });
    await cache.get(fail("broken", 422)).catch(() => undefined);
    await cache.get(fail("away", 0)).catch(() => undefined);
    expect(cache.damage("broken")?.status).toBe(422);
    expect(cache.damage("away")).toBeUndefined();
    cache.forgetDamage();
    expect(cache.damage("broken")).toBeUndefined();
  });

  it("keeps nothing of an answer that comes after it was aborted", async () => {
    const cache = new RequestCache(30);
    let answer = (): void => undefined;
    const late = cache.get<string>({
      key: "late",
      fetch: () => new Promise((resolve) => (answer = () => resolve({ value: "x", bytes: 1 }))),
    });
    cache.abortExcept(new Set());
    answer();
    await late;
    expect([cache.has("late"), cache.bytes]).toEqual([false, 0]);
  });
});
