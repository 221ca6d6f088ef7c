/** An element on the page → its inner size, measured again whenever it changes. */

import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useState } from "preact/hooks";

/** Calls `measure` at once, at each change of the element's size and, if asked to, of how far it is scrolled. */
export function useMeasured(
  ref: RefObject<HTMLElement | null>,
  measure: (element: HTMLElement) => void,
  { scrolled = false } = {},
): void {
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const again = (): void => measure(element);
    const observer = new ResizeObserver(again);
    observer.observe(element);
    if (scrolled) element.addEventListener("scroll", again, { passive: true });
    again();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", again);
    };
  }, [ref, measure, scrolled]);
}

/** The old object where the new one has the same numbers, so that nothing is drawn anew. */
export function keepEqual<T extends object>(old: T, next: T): T {
  const names = Object.keys(next) as (keyof T)[];
  return names.every((name) => old[name] === next[name]) ? old : next;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const sizeOf = ({ clientWidth: width, clientHeight: height }: HTMLElement): Size => ({
  width,
  height,
});

export function useSize(ref: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const measure = useCallback(
    (element: HTMLElement) => setSize((old) => keepEqual(old, sizeOf(element))),
    [],
  );
  useMeasured(ref, measure);
  return size;
}

export function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  const measure = useCallback((element: HTMLElement) => setWidth(element.clientWidth), []);
  useMeasured(ref, measure);
  return width;
}
