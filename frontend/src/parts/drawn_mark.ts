/** A view's name and what is selected → one performance mark for each selection whose pixels are on screen. */

import { useCallback, useEffect, useRef } from "preact/hooks";

type Selection = readonly unknown[];

function same(a: Selection, b: Selection): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

function useMark(view: string): (selection: Selection | null) => void {
  const marked = useRef<Selection>([]);
  return useCallback(
    (selection) => {
      if (selection === null || same(marked.current, selection)) return;
      marked.current = selection;
      performance.mark(`attn:drawn:${view}`);
    },
    [view],
  );
}

/** Call the answer when the pixels are on the canvas; the mark is set in the frame after them. */
export function useDrawnMark(view: string, selection: Selection): () => void {
  const mark = useMark(view);
  return useCallback(() => {
    requestAnimationFrame(() => mark(selection));
  }, [mark, ...selection]);
}

/**
 * The same for what is drawn in a frame of its own and reads the state then: `selection` is asked at that
 * time, null: nothing that counts. What is drawn without the canvas is marked when a part of `beside` changes.
 */
export function useGridMark(
  view: string,
  selection: () => Selection | null,
  beside: Selection = [],
): () => void {
  const mark = useMark(view);
  const latest = useRef(selection);
  latest.current = selection;
  const drawn = useCallback(() => mark(latest.current()), [mark]);
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) requestAnimationFrame(drawn);
    isFirst.current = false;
  }, [drawn, ...beside]);
  return drawn;
}
