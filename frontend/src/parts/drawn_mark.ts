/** A view's name and what is selected → one performance mark for each selection that was drawn. */

import { useCallback, useRef } from "preact/hooks";

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

/** Call the answer when the pixels are on the canvas; the mark is set in the frame after them. */
export function useDrawnMark(view: string, selection: readonly unknown[]): () => void {
  const marked = useRef<readonly unknown[]>([]);
  return useCallback(() => {
    if (same(marked.current, selection)) return;
    marked.current = selection;
    requestAnimationFrame(() => {
      performance.mark(`attn:drawn:${view}`);
    });
  }, [view, ...selection]);
}
