/** A clock that the test turns. */

import type { Clock } from "../src/page/clock";

export interface FakeClock extends Clock {
  advance: (milliseconds: number) => void;
}

export function fakeClock(): FakeClock {
  let time = 0;
  const due = new Map<() => void, number>();

  function next(until: number): (() => void) | undefined {
    const [first] = [...due].filter(([, at]) => at <= until).sort(([, a], [, b]) => a - b);
    if (first === undefined) return undefined;
    const [call, at] = first;
    due.delete(call);
    time = at;
    return call;
  }

  return {
    now: () => time,
    after(milliseconds, call) {
      const entry = (): void => call();
      due.set(entry, time + milliseconds);
      return () => due.delete(entry);
    },
    advance(milliseconds) {
      const until = time + milliseconds;
      for (let call = next(until); call !== undefined; call = next(until)) call();
      time = until;
    },
  };
}
