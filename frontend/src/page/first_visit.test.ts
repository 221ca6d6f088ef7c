import { expect, it } from "vitest";

import { isExplained } from "../state";
import { memoryOf, startFirstVisit } from "./first_visit";

function fakeMemory(): Map<string, string> & { memory: Parameters<typeof startFirstVisit>[0] } {
  const kept = new Map<string, string>();
  const memory = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  return Object.assign(kept, { memory });
}

it("explains at the first visit, until it is closed", () => {
  const kept = fakeMemory();
  startFirstVisit(kept.memory)();
  expect(isExplained.value).toBe(true);
  startFirstVisit(kept.memory);
  isExplained.value = false;
  startFirstVisit(kept.memory)();
  expect([isExplained.value, kept.size]).toEqual([false, 1]);
});

it("says nothing where the browser keeps nothing", () => {
  const closed = Object.defineProperty({}, "localStorage", {
    get: () => {
      throw new DOMException("denied", "SecurityError");
    },
  }) as Window;
  startFirstVisit(memoryOf(closed))();
  expect(isExplained.value).toBe(false);
});
