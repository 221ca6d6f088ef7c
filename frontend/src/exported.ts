/** What the view on screen would save: its picture and its numbers, made when asked for. */

import { signal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { Table } from "./csv";
import type { Picture } from "./draw/picture";

export interface Exported {
  picture: Picture;
  table: Table;
}

export const exported: Signal<(() => Exported) | null> = signal(null);

/** A view that calls this can be saved as long as it is on screen. */
export function useExport(make: () => Exported): void {
  const latest = useRef(make);
  latest.current = make;
  useEffect(() => {
    const own = (): Exported => latest.current();
    exported.value = own;
    return () => {
      if (exported.peek() === own) exported.value = null;
    };
  }, []);
}
