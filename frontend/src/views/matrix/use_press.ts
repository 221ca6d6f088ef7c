/** The pointer on the matrix → a cell pointed at or selected, a region drawn, the zoomed picture moved. */

import { batch } from "@preact/signals";
import type { TargetedPointerEvent } from "preact";
import { useRef, useState } from "preact/hooks";

import { hoverKey, hoverQuery, key, query } from "../../state";
import { chooseRegion } from "./token_range";
import { type MatrixSource, tokensOf } from "./use_matrix";
import {
  type Cell,
  cellAt,
  nearestCell,
  panned,
  type Point,
  type Sheet,
  type Viewport,
} from "./viewport";

export interface PressProps {
  readonly source: MatrixSource;
  readonly sheet: Sheet;
  readonly view: Viewport;
  readonly setView: (view: Viewport) => void;
  readonly placeOf: (event: { clientX: number; clientY: number }) => Point;
  /** Where a range chosen by keyboard begins. */
  readonly anchor: { current: Cell | null };
}

/** Pixels after which a press is a drag and no click. */
const DRAG = 4;

interface Press {
  readonly at: Point;
  readonly view: Viewport;
  /** Else the picture is moved: it can only be when it is zoomed. */
  readonly draws: boolean;
  dragged: boolean;
}

export function pointAt(source: MatrixSource, cell: Cell | null): void {
  batch(() => {
    const tokens = cell === null ? null : tokensOf(source, cell);
    hoverQuery.value = tokens?.query ?? null;
    hoverKey.value = tokens?.key ?? null;
  });
}

/** Select the cell; the selected one again frees it. */
export function pinCell(source: MatrixSource, cell: Cell): void {
  batch(() => {
    const tokens = tokensOf(source, cell);
    const again = query.value === tokens.query && key.value === tokens.key;
    query.value = again ? null : tokens.query;
    key.value = again ? null : tokens.key;
  });
}

type Handler = (event: TargetedPointerEvent<HTMLElement>) => void;

export interface PressedMatrix {
  /** Where the pointer last was. */
  readonly last: { readonly current: Point | null };
  readonly isPanned: boolean;
  readonly onPointerDown: Handler;
  readonly onPointerMove: Handler;
  readonly onPointerUp: Handler;
  readonly onPointerCancel: Handler;
}

export function usePress(props: PressProps): PressedMatrix {
  const { source, sheet, view, setView, placeOf, anchor } = props;
  const press = useRef<Press | null>(null);
  const last = useRef<Point | null>(null);
  const [isPanned, setPanned] = useState(false);

  const drag = (held: Press, place: Point): void => {
    if (held.draws) {
      const to = nearestCell(view, sheet, place);
      pointAt(source, to);
      chooseRegion(source, nearestCell(held.view, sheet, held.at), to);
    } else {
      setPanned(true);
      setView(panned(held.view, sheet, { x: place.x - held.at.x, y: place.y - held.at.y }));
    }
  };
  const release = (): Press | null => {
    const held = press.current;
    press.current = null;
    setPanned(false);
    return held;
  };
  return {
    last,
    isPanned,
    onPointerDown(event) {
      if (event.button !== 0) return;
      const draws = event.shiftKey || view.zoom === 1;
      press.current = { at: placeOf(event), view, draws, dragged: false };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event) {
      const place = (last.current = placeOf(event));
      const held = press.current;
      if (held === null) return pointAt(source, cellAt(view, sheet, place));
      held.dragged ||= Math.hypot(place.x - held.at.x, place.y - held.at.y) > DRAG;
      if (held.dragged) drag(held, place);
    },
    onPointerUp(event) {
      const held = release();
      if (held === null || held.dragged) return;
      const cell = cellAt(view, sheet, placeOf(event));
      anchor.current = cell;
      if (cell !== null) pinCell(source, cell);
    },
    onPointerCancel: () => void release(),
  };
}
