/** The shown head → its matrix with names along both sides, cross-hair, range and minimap; zoomed, dragged, pointed at. */

import { batch } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import {
  colourScale,
  hoverKey,
  hoverQuery,
  key,
  numbers,
  query,
  theme,
  tokenRange,
} from "../../state";
import { AxisLabels } from "./axis_labels";
import { CrossHair } from "./cross_hair";
import { COLUMN_LABELS, ROW_LABELS } from "./layout";
import { MatrixCanvas } from "./matrix_canvas";
import { keyAction } from "./matrix_keys";
import { Minimap } from "./minimap";
import { chooseRows, rowsInRange } from "./token_range";
import { type MatrixSource, tokensOf, useCells, weightIn } from "./use_matrix";
import {
  type Cell,
  cellAt,
  panned,
  pictureHeight,
  pictureWidth,
  type Point,
  settled,
  type Sheet,
  type Viewport,
  whole,
  zoomed,
} from "./viewport";

export interface MatrixPictureProps {
  source: MatrixSource;
  sheet: Sheet;
  label: string;
  onDrawn: () => void;
}

/** Pixels after which a press is a drag and no click. */
const DRAG = 4;
/** Zoom of one notch of a wheel. */
const WHEEL = 0.002;

function pointAt(source: MatrixSource, cell: Cell | null): void {
  batch(() => {
    const tokens = cell === null ? null : tokensOf(source, cell);
    hoverQuery.value = tokens?.query ?? null;
    hoverKey.value = tokens?.key ?? null;
  });
}

/** Select the cell; the selected one again frees it. */
function pinCell(source: MatrixSource, cell: Cell): void {
  batch(() => {
    const tokens = tokensOf(source, cell);
    const again = query.value === tokens.query && key.value === tokens.key;
    query.value = again ? null : tokens.query;
    key.value = again ? null : tokens.key;
  });
}

/** A wheel's event must be told not to scroll before the browser does. */
function useWheel(
  element: { readonly current: HTMLElement | null },
  onWheel: (event: WheelEvent) => void,
): void {
  const latest = useRef(onWheel);
  latest.current = onWheel;
  useEffect(() => {
    const target = element.current!;
    const handle = (event: WheelEvent): void => {
      event.preventDefault();
      latest.current(event);
    };
    target.addEventListener("wheel", handle, { passive: false });
    return () => {
      target.removeEventListener("wheel", handle);
    };
  }, [element]);
}

/** A wheel tells whole pixels; where the pointer last was, it is known to fractions, which are many cells of a long text. */
function finer(wheel: Point, pointer: Point | null): Point {
  const near = pointer !== null && Math.hypot(wheel.x - pointer.x, wheel.y - pointer.y) < 2;
  return near ? pointer : wheel;
}

interface Press {
  at: Point;
  view: Viewport;
  dragged: boolean;
}

export function MatrixPicture({ source, sheet, label, onDrawn }: MatrixPictureProps) {
  const [chosen, setView] = useState(whole);
  const view = settled(chosen, sheet);
  const picture = useRef<HTMLDivElement>(null);
  const press = useRef<Press | null>(null);
  const last = useRef<Point | null>(null);
  const anchor = useRef<Cell | null>(null);
  const { pointed, selected, shown } = useCells(source);

  const placeOf = (event: { clientX: number; clientY: number }): Point => {
    const box = picture.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  useWheel(picture, (event) => {
    const lines = event.deltaMode === 0 ? 1 : 16;
    const at = finer(placeOf(event), last.current);
    setView((old) =>
      zoomed(settled(old, sheet), sheet, Math.exp(-WHEEL * lines * event.deltaY), at),
    );
  });
  useEffect(
    () => () => {
      pointAt(source, null);
    },
    [],
  );

  const onPointerDown = (event: TargetedPointerEvent<HTMLElement>): void => {
    if (event.button !== 0) return;
    press.current = { at: placeOf(event), view, dragged: false };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: TargetedPointerEvent<HTMLElement>): void => {
    const place = (last.current = placeOf(event));
    const held = press.current;
    if (held === null) return pointAt(source, cellAt(view, sheet, place));
    const by = { x: place.x - held.at.x, y: place.y - held.at.y };
    held.dragged ||= Math.hypot(by.x, by.y) > DRAG;
    if (held.dragged) setView(panned(held.view, sheet, by));
  };
  const onPointerUp = (event: TargetedPointerEvent<HTMLElement>): void => {
    const held = press.current;
    press.current = null;
    if (held === null || held.dragged) return;
    const cell = cellAt(view, sheet, placeOf(event));
    anchor.current = cell;
    if (cell !== null) pinCell(source, cell);
  };
  const extend = (to: Cell): void => {
    anchor.current ??= shown ?? to;
    const from = anchor.current;
    const rows = [Math.min(from.row, to.row), Math.max(from.row, to.row)] as const;
    const columns = [Math.min(from.column, to.column), Math.max(from.column, to.column)] as const;
    batch(() => {
      chooseRows(source, "query", rows, true);
      chooseRows(source, "key", columns, true);
    });
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keyAction(event, view, sheet, shown);
    if (action === null) return;
    event.preventDefault();
    event.stopPropagation();
    batch(() => {
      if (action.view !== undefined) setView(action.view);
      if (action.cell !== undefined) {
        if (action.extend) extend(action.cell);
        else anchor.current = null;
        pointAt(source, action.cell);
      }
      if (action.pin && shown !== null) pinCell(source, shown);
      if (!action.clear) return;
      pointAt(source, null);
      query.value = key.value = tokenRange.value = anchor.current = null;
    });
  };

  const axis = (side: "query" | "key") => {
    const isQuery = side === "query";
    return (
      <AxisLabels
        side={side}
        axis={source.axes[side]}
        start={isQuery ? view.row : view.column}
        pitch={(isQuery ? sheet.cellHeight : sheet.cellWidth) * view.zoom}
        length={isQuery ? pictureHeight(sheet) : pictureWidth(sheet)}
        pointed={(isQuery ? pointed?.row : pointed?.column) ?? null}
        selected={(isQuery ? selected?.row : selected?.column) ?? null}
        range={rowsInRange(source, tokenRange.value, side)}
        onRange={(first, last, alone) => {
          chooseRows(source, side, [first, last], alone);
        }}
      />
    );
  };
  return (
    <div
      class="matrix-picture"
      style={{ "--rows": `${ROW_LABELS}px`, "--columns": `${COLUMN_LABELS}px` }}
    >
      <div class="matrix-corner">
        {view.zoom > 1 && (
          <Minimap pyramid={source.pyramid} sheet={sheet} view={view} onMove={setView} />
        )}
      </div>
      {axis("key")}
      {axis("query")}
      <div
        ref={picture}
        class={view.zoom > 1 ? "matrix-cells is-zoomed" : "matrix-cells"}
        role="application"
        tabIndex={0}
        aria-label="Matrix: arrows move, plus and minus zoom, 0 shows all, Enter selects, Shift + arrows choose a range"
        style={{ width: `${pictureWidth(sheet)}px`, height: `${pictureHeight(sheet)}px` }}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => {
          press.current = null;
        }}
        onPointerLeave={() => {
          pointAt(source, null);
        }}
        onBlur={() => {
          pointAt(source, null);
        }}
        onKeyDown={onKeyDown}
      >
        <MatrixCanvas
          pyramid={source.pyramid}
          sheet={sheet}
          view={view}
          theme={theme.value}
          scale={colourScale.value}
          numbers={numbers.value}
          weightOf={(row, column) => weightIn(source, { row, column })}
          label={label}
          onDrawn={onDrawn}
        />
        <CrossHair sheet={sheet} view={view} pointed={shown} selected={selected} />
      </div>
    </div>
  );
}
