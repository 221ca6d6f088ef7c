/** A scrolling element → how far it is scrolled and how large it is, as state. */

import type { RefObject } from "preact";
import { useCallback, useState } from "preact/hooks";

import { keepEqual, useMeasured } from "../measured";

export interface ScrollWindow {
  top: number;
  width: number;
  height: number;
}

/** Rows from `first` up to `end` that the window shows, with some to spare. */
export function rowsInWindow(
  { top, height }: ScrollWindow,
  rowHeight: number,
  count: number,
  spare = 4,
): { first: number; end: number } {
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + spare);
  return { first: Math.min(first, count), end };
}

export function useScrollWindow(ref: RefObject<HTMLElement | null>): ScrollWindow {
  const [seen, setSeen] = useState<ScrollWindow>({ top: 0, width: 0, height: 0 });
  const measure = useCallback((element: HTMLElement): void => {
    const { scrollTop: top, clientWidth: width, clientHeight: height } = element;
    setSeen((old) => keepEqual(old, { top, width, height }));
  }, []);
  useMeasured(ref, measure, { scrolled: true });
  return seen;
}
