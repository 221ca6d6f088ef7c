/** Rows of one height → a list that scrolls by itself and holds no more of them than are seen. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface VirtualRowsProps<T> {
  readonly items: readonly T[];
  /** Of a row, in pixels. */
  readonly height: number;
  /** Index of the row that is kept in view; -1 for none. */
  readonly selected: number;
  /** A list item with its key. */
  readonly row: (item: T) => ComponentChildren;
  /** Told which rows stand in the page. */
  readonly onSeen?: (items: readonly T[]) => void;
}

/** Rows beyond the edges, so that scrolling shows no gap. */
const SPARE = 6;
/** Pixels of the tallest list. */
const ROOM = 900;

export function VirtualRows<T>({ items, height, selected, row, onSeen }: VirtualRowsProps<T>) {
  const list = useRef<HTMLUListElement>(null);
  const top = useSignal(0);
  const first = Math.max(0, Math.floor(top.value / height) - SPARE);
  const seen = items.slice(first, first + Math.ceil(ROOM / height) + 2 * SPARE);
  const names = JSON.stringify(onSeen === undefined ? null : seen);
  useEffect(() => onSeen?.(seen), [names]);
  useEffect(() => {
    const element = list.current;
    if (element === null || selected < 0) return;
    const [from, to] = [selected * height, (selected + 1) * height];
    const { scrollTop, clientHeight } = element;
    if (from < scrollTop || to > scrollTop + clientHeight)
      element.scrollTop = Math.max(0, from - (clientHeight - height) / 2);
  }, [selected, height]);
  const below = items.length - first - seen.length;
  return (
    <ul
      ref={list}
      class="virtual-rows"
      onScroll={({ currentTarget }) => (top.value = currentTarget.scrollTop)}
    >
      {first > 0 && <li key="above" aria-hidden="true" style={{ height: `${first * height}px` }} />}
      {seen.map(row)}
      {below > 0 && <li key="below" aria-hidden="true" style={{ height: `${below * height}px` }} />}
    </ul>
  );
}
