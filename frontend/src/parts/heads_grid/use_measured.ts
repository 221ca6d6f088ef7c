/** An element on the page → its inner size, kept in a signal. */

import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

import type { Size } from "../token_lines/use_window";

/** The room for the grid, shared by what is drawn in it; a hidden element keeps its last size. */
export function useMeasured(element: RefObject<HTMLElement | null>, size: Signal<Size>): void {
  useLayoutEffect(() => {
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = element.current!;
      const old = size.value;
      if (width === 0 || height === 0) return;
      if (width !== old.width || height !== old.height) size.value = { width, height };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element.current!);
    measure();
    return () => observer.disconnect();
  }, [element, size]);
}
