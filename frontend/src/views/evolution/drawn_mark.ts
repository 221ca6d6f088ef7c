/** A drawn grid → one performance mark for each selection whose pixels are on screen. */

import { useCallback, useRef } from "preact/hooks";

import { series, step } from "../../state";
import { shownMetric } from "../model/scene";
import { axis, main, orders, others } from "./scene";

const numbers = new WeakMap<object, number>();
let counted = 0;

/** The same number for the same object. */
function numberOf(object: object): number {
  const known = numbers.get(object) ?? ++counted;
  numbers.set(object, known);
  return known;
}

/** Returns what to call when the grid's pixels are on the canvas. */
export function useDrawnMark(): () => void {
  const marked = useRef("");
  return useCallback(() => {
    const loaded = series.peek();
    if (loaded.status !== "ready" || main.peek() === null) return;
    const drawn = [loaded.value, ...others.peek().map(({ histories }) => histories.series)];
    const selection = JSON.stringify([
      shownMetric.peek(),
      step.peek(),
      axis.peek(),
      orders.peek(),
      drawn.map(({ values }) => numberOf(values)),
    ]);
    if (selection === marked.current) return;
    marked.current = selection;
    performance.mark("attn:drawn:evolution");
  }, []);
}
