/** Where the slider stands and which way it goes → what to fetch before it is asked for. */

import type { Job, RequestCache } from "./request_cache";

/** Steps looked at around the present one, at most. */
export const WINDOW = 60;
/** Of those ahead, one behind is taken after this many. */
const AHEAD_PER_BEHIND = 3;

/** Requests under way at once; the browser opens six connections to a host, and views need some. */
const WORKERS = 3;

/** Positions worth having, the nearest in the direction of travel first; at most `capacity`. */
export function plan(
  position: number,
  count: number,
  direction: 1 | -1,
  capacity: number,
): number[] {
  const after = count - 1 - position;
  const left =
    direction > 0 ? { ahead: after, behind: position } : { ahead: position, behind: after };
  const wanted = Math.min(WINDOW, capacity, count - 1);
  const positions: number[] = [];
  for (let ahead = 1, behind = 1; positions.length < wanted;) {
    const forward =
      ahead <= left.ahead && (behind > left.behind || ahead <= behind * AHEAD_PER_BEHIND);
    positions.push(position + (forward ? ahead++ : -behind++) * direction);
  }
  return positions;
}

/** How many steps of this size the cache holds beside the present one. */
export function capacityFor(bytesPerStep: number, limit: number): number {
  return bytesPerStep <= 0 ? 0 : Math.floor((0.8 * limit) / bytesPerStep) - 1;
}

/** What was asked for is on screen: asking for more takes milliseconds, and the picture comes first. */
export function nextPaint(): Promise<void> {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

/** Work through the jobs in order, a few at once, until `signal` aborts; a job that fails is left out. */
export async function prefetch(
  jobs: readonly Job<unknown>[],
  cache: RequestCache,
  signal: AbortSignal,
): Promise<void> {
  const queue = jobs.filter(({ key }) => !cache.has(key) && cache.damage(key) === undefined);
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const job = queue.shift();
      if (job === undefined) return;
      await cache.get(job).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}
