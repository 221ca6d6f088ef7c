/** A drawn grid of differences → one performance mark for each selection whose pixels are on screen. */

import { useCallback, useEffect, useRef } from "preact/hooks";

import { compared, comparison, head, layer, run, step, tag, version } from "../../state";

/** Returns what to call when the grid's pixels are on the canvas. */
export function useDrawnMark(): () => void {
  const marked = useRef("");
  const mark = useCallback(() => {
    const { status } = comparison.peek();
    if (status !== "ready" && status !== "error") return;
    const parts = [compared, run, tag, step, version, layer, head].map((part) => part.peek());
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
