/** A drawn grid → one performance mark for each selection whose pixels are on screen. */

import { useCallback, useEffect, useRef } from "preact/hooks";

import { head, layer, run, step, tag, thumbnails, version } from "../../state";

/** Returns what to call when the grid's pixels are on the canvas. */
export function useDrawnMark(): () => void {
  const marked = useRef("");
  const mark = useCallback(() => {
    const { status } = thumbnails.peek();
    if (status !== "ready" && status !== "error") return;
    const parts = [run, tag, step, version, layer, head].map((part) => part.peek());
    const selection = JSON.stringify(parts);
    if (selection === marked.current) return;
    marked.current = selection;
    performance.mark("attn:drawn:model");
  }, []);
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) requestAnimationFrame(mark);
    isFirst.current = false;
  }, [layer.value, head.value, mark]);
  return mark;
}
