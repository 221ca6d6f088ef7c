/** The pointed head's box and some content → a tip beside it that leaves the selected head free. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { placeTip } from "../../draw/canvas_window";
import type { Box } from "../../draw/raster";

export interface HeadTipProps {
  readonly id: string;
  /** All in pixels of the page. */
  readonly pointed: Box;
  readonly selected: Box | null;
  readonly bounds: Box;
  readonly children: ComponentChildren;
}

export function HeadTip({ id, pointed, selected, bounds, children }: HeadTipProps) {
  const element = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Pick<Box, "x" | "y"> | null>(null);
  useLayoutEffect(() => {
    const { width, height } = element.current!.getBoundingClientRect();
    const { x, y } = placeTip(pointed, selected, { width, height }, bounds);
    setPlace((old) => (old !== null && old.x === x && old.y === y ? old : { x, y }));
  });
  const style = place === null ? { visibility: "hidden" } : { left: place.x, top: place.y };
  return (
    <div ref={element} id={id} class="head-tip" role="tooltip" style={style}>
      {children}
    </div>
  );
}
