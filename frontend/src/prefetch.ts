/** Where the slider stands and which way it goes → what to fetch before it is asked for. */

import type { Job, RequestCache } from "./request_cache";

/** Steps looked at on either side, at most. */
export const AHEAD = 48;
export const BEHIND = 12;

/** Requests under way at once; the browser opens six connections to a host, and views need some. */
const WORKERS = 3;

/** Positions worth having, the nearest in the direction of travel first; at most `capacity`. */
export function plan(
  position: number,
  count: number,
  direction: 1 | -1,
  capacity: number,
): number[] {
  const inside = (at: number): boolean => at >= 0 && at < count;
  const positions: number[] = [];
  for (let distance = 1; distance <= AHEAD; distance++) {
    const ahead = position + direction * distance;
    if (inside(ahead)) positions.push(ahead);
    if (distance % 3 !== 0 || distance / 3 > BEHIND) continue;
    const behind = position - (direction * distance) / 3;
    if (inside(behind)) positions.push(behind);
  }
  return positions.slice(0, Math.max(0, capacity));
}

/** How many steps of this size the cache holds beside the present one. */
export function capacityFor(bytesPerStep: number, limit: number): number {
  return bytesPerStep <= 0 ? 0 : Math.floor((0.8 * limit) / bytesPerStep) - 1;
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
