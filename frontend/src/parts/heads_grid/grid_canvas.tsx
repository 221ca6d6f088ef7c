/** A paint signal and the scrolled frame → the canvas behind the heads' buttons, redrawn as either changes. */

import { effect, type ReadonlySignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import type { GridLayout } from "../../draw/grid";
import type { Box } from "../../draw/raster";
import { hidden } from "../../state";
import { CanvasPainter, type Paint } from "./canvas_painter";

export interface GridCanvasProps {
  readonly frame: RefObject<HTMLElement | null>;
  readonly layout: ReadonlySignal<GridLayout>;
  readonly paint: ReadonlySignal<Paint>;
  /** null: says nothing that is not said elsewhere. */
  readonly label: string | null;
  readonly isBusy: boolean;
  readonly onDrawn: () => void;
}

export function GridCanvas({ frame, layout, paint, label, isBusy, onDrawn }: GridCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef(onDrawn);
  useEffect(() => {
    drawn.current = onDrawn;
  });
  useLayoutEffect(() => {
    const scrolled = frame.current!;
    const painter = new CanvasPainter(canvas.current!, () => drawn.current());
    const show = (): void => {
      if (hidden.value) return;
      painter.show({
        layout: layout.value,
        paint: paint.value,
        view: () => viewOf(scrolled),
        scale: window.devicePixelRatio,
      });
    };
    const dispose = effect(show);
    const observer = new ResizeObserver(show);
    observer.observe(scrolled);
    scrolled.addEventListener("scroll", show, { passive: true });
    return () => {
      dispose();
      observer.disconnect();
      scrolled.removeEventListener("scroll", show);
      painter.stop();
    };
  }, [frame, layout, paint]);
  if (label === null) return <canvas ref={canvas} aria-hidden="true" />;
  return <canvas ref={canvas} role="img" aria-label={label} aria-busy={isBusy} />;
}

function viewOf(frame: HTMLElement): Box {
  return {
    x: frame.scrollLeft,
    y: frame.scrollTop,
    width: frame.clientWidth,
    height: frame.clientHeight,
  };
}
