/** A grid's layout → the room of its view, measured before anything is drawn in it, with a panel as wide as the layout says. */

import { signal, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { keepEqual } from "../measured";
import { viewSize, type PlacedGrid } from "./grid_room";

/** Whatever was drawn before would be drawn again. */
const isMeasured = signal(false);

function measure({ clientWidth: width, clientHeight: height }: HTMLElement): void {
  if (width > 0 && height > 0) viewSize.value = keepEqual(viewSize.peek(), { width, height });
  isMeasured.value = true;
}

export interface RoomProps {
  readonly class: string;
  readonly layout: ReadonlySignal<PlacedGrid>;
  readonly children: ComponentChildren;
}

export function Room({ class: name, layout, children }: RoomProps) {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const room = element.current!;
    const observer = new ResizeObserver(() => measure(room));
    observer.observe(room);
    measure(room);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={element} class={name} style={{ "--side-width": `${layout.value.panel}px` }}>
      {isMeasured.value && children}
    </div>
  );
}
