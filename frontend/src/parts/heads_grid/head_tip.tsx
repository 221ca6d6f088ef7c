/** The pointed head and some content → a tip beside its cell that leaves the selected head free. */

import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { placeTip } from "../../draw/canvas_window";
import { cellBox, type Cell, type GridLayout } from "../../draw/grid";
import type { Box } from "../../draw/raster";

export interface HeadTipProps {
  readonly id: string;
  readonly layout: GridLayout;
  readonly pointed: Cell;
  readonly selected: Cell;
  /** The element whose corner is the grid's origin, and the scrolled frame around it. */
  readonly content: RefObject<HTMLElement | null>;
  readonly frame: RefObject<HTMLElement | null>;
  readonly children: ComponentChildren;
}

export function HeadTip({ id, children, ...where }: HeadTipProps) {
  const element = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Pick<Box, "x" | "y"> | null>(null);
  useLayoutEffect(() => {
    const { width, height } = element.current!.getBoundingClientRect();
    const found = placeOnPage(where, { width, height });
    setPlace((old) => (old?.x === found?.x && old?.y === found?.y ? old : found));
  });
  const style = place === null ? { visibility: "hidden" } : { left: place.x, top: place.y };
  return (
    <div ref={element} id={id} class="head-tip" role="tooltip" style={style}>
      {children}
    </div>
  );
}

type Where = Omit<HeadTipProps, "id" | "children">;

function placeOnPage(where: Where, tip: { width: number; height: number }): Box | null {
  const { layout, pointed, selected, content, frame } = where;
  const origin = content.current!.getBoundingClientRect();
  const { left, top, width, height } = frame.current!.parentElement!.getBoundingClientRect();
  const onPage = (cell: Cell): Box | null => {
    const box = cellBox(layout, cell);
    return box === null ? null : { ...box, x: box.x + origin.left, y: box.y + origin.top };
  };
  const box = onPage(pointed);
  return box && placeTip(box, onPage(selected), tip, { x: left, y: top, width, height });
}
