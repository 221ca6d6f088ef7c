/** Pointer and keyboard over the grid → the head that is pointed at, and the one that Tab reaches. */

import type { RefObject } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import { cellAt, cellBox, MEAN, type Cell, type GridLayout } from "../../draw/grid";

export interface Pointing {
  /** Under the pointer, else under keyboard focus; null when neither is on the grid. */
  readonly pointed: Cell | null;
  readonly reached: Cell;
  /** Returns the cell and how far right of its edge the pointer is. */
  readonly onPointerMove: (event: MouseEvent) => { cell: Cell; x: number } | null;
  readonly onPointerLeave: () => void;
  readonly onReach: (cell: Cell) => void;
  /** A head's button has keyboard focus, or (null) none has. */
  readonly onFocus: (cell: Cell | null) => void;
  readonly onDismiss: () => void;
}

export function sameCell(a: Cell | null, b: Cell | null): boolean {
  return a?.layer === b?.layer && a?.head === b?.head;
}

export function usePointing(
  layout: GridLayout,
  selected: Cell,
  content: RefObject<HTMLElement | null>,
): Pointing {
  const [under, setUnder] = useState<Cell | null>(null);
  const [focused, setFocused] = useState<Cell | null>(null);
  const [wanted, setWanted] = useState(selected);
  useEffect(() => setWanted(selected), [selected]);
  const reached = useMemo(() => contained(layout, wanted), [layout, wanted]);
  const onPointerMove: Pointing["onPointerMove"] = (event) => {
    const { left, top } = content.current!.getBoundingClientRect();
    const found = cellAt(layout, event.clientX - left, event.clientY - top);
    setUnder((old) => (sameCell(old, found) ? old : found));
    const box = found === null ? null : cellBox(layout, found);
    return found === null || box === null ? null : { cell: found, x: event.clientX - left - box.x };
  };
  const onDismiss = useCallback(() => {
    setUnder(null);
    setFocused(null);
  }, []);
  return {
    pointed: under ?? focused,
    reached,
    onPointerMove,
    onPointerLeave: () => setUnder(null),
    onReach: setWanted,
    onFocus: setFocused,
    onDismiss,
  };
}

/** The head itself while the grid has it, else its first one, so that Tab always reaches one. */
function contained(layout: GridLayout, cell: Cell): Cell {
  if (cell.head !== MEAN && cellBox(layout, cell) !== null) return cell;
  const row = layout.rows[0];
  return { layer: row?.layer ?? 0, head: row?.order[0] ?? 0 };
}
