/** Time, passed in so that tests can turn it. */

export interface Clock {
  /** Milliseconds. */
  now: () => number;
  /** Returns how to call it off. */
  after: (milliseconds: number, call: () => void) => () => void;
}

export function browserClock(window: Window): Clock {
  return {
    now: () => window.performance.now(),
    after(milliseconds, call) {
      const timer = window.setTimeout(call, milliseconds);
      return () => window.clearTimeout(timer);
    },
  };
}
