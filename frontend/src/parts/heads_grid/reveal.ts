/** A selected head that a scrolled grid hides → the grid scrolled so that it is in view. */

import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

import { cellBox, type Cell, type GridLayout } from "../../draw/grid";
import { nearestScroll } from "../../draw/canvas_window";

/** Sticky labels cover this much of the frame. */
export const LABELS = { width: 24, height: 22 };

export function useRevealed(
  frame: RefObject<HTMLElement | null>,
  layout: GridLayout,
  selected: Cell,
): void {
  useLayoutEffect(() => {
    const element = frame.current;
    const box = cellBox(layout, selected);
    if (element === null || box === null) return;
    const across = element.clientWidth - LABELS.width;
    const down = element.clientHeight - LABELS.height;
    element.scrollLeft = nearestScroll(element.scrollLeft, across, box.x, layout.pitchX);
    element.scrollTop = nearestScroll(element.scrollTop, down, box.y, layout.pitchY);
  }, [selected, layout.rows.length, layout.columns]);
}
