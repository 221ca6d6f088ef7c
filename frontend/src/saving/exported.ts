/** What the view on screen would save: its picture and its numbers, made when asked for. */

import { signal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { Table } from "../text/csv";
import type { Mark } from "../draw/figure";
import type { Picture } from "../draw/picture";

export interface Exported {
  picture: Picture;
  /** What the marks in it mean. */
  marks: readonly Mark[];
  table: Table;
}

export const exported: Signal<(() => Exported) | null> = signal(null);

/** Of what stands beside the picture, each with a line of its own in the menu, by its name. */
export const tables: Signal<ReadonlyMap<string, () => Table>> = signal(new Map());

/** The table can be saved as long as the part that calls this is on screen; null: there is nothing in it. */
export function useTable(name: string, make: (() => Table) | null): void {
  const latest = useRef(make);
  latest.current = make;
  useEffect(() => {
    if (make === null) return;
    tables.value = new Map(tables.peek()).set(name, () => latest.current!());
    return () => {
      tables.value = new Map([...tables.peek()].filter(([each]) => each !== name));
    };
  }, [name, make === null]);
}

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
