/** Presses of the pointer on an element → where one that is moved began and where it is; else it stays a click. */

import type { TargetedPointerEvent } from "preact";
import { useMemo, useRef } from "preact/hooks";

/** Pixels after which a press is a drag and no click. */
const DRAG = 4;

type Handler = (event: TargetedPointerEvent<HTMLElement>) => void;

export interface Drag {
  /** The last press was moved: the click that follows it is none. */
  readonly wasDragged: () => boolean;
  readonly onPointerDown: Handler;
  readonly onPointerMove: Handler;
  readonly onPointerUp: Handler;
  readonly onPointerCancel: Handler;
}

interface Press {
  readonly x: number;
  readonly y: number;
  readonly place: number;
}

/** `placeOf` is asked beyond the element's edges too. */
export function useDrag(
  placeOf: (event: TargetedPointerEvent<HTMLElement>) => number,
  onDrag: (from: number, to: number) => void,
): Drag {
  const latest = useRef({ placeOf, onDrag });
  latest.current = { placeOf, onDrag };
  return useMemo(() => {
    let [press, isDrag]: [Press | null, boolean] = [null, false];
    const release = (): void => void (press = null);
    return {
      wasDragged: () => isDrag,
      onPointerDown(event) {
        isDrag = false;
        if (event.button !== 0) return;
        press = { x: event.clientX, y: event.clientY, place: latest.current.placeOf(event) };
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove(event) {
        if (press === null) return;
        isDrag ||= Math.hypot(event.clientX - press.x, event.clientY - press.y) > DRAG;
        if (isDrag) latest.current.onDrag(press.place, latest.current.placeOf(event));
      },
      onPointerUp: release,
      onPointerCancel: release,
    };
  }, []);
}
