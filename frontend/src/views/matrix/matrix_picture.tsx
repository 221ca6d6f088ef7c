/** The shown head → its matrix with names along both sides, cross-hair, region and minimap; zoomed, dragged, pointed at. */

import { batch } from "@preact/signals";
import type { TargetedKeyboardEvent, VNode } from "preact";
import {
  type Dispatch,
  type StateUpdater,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";

import { key, keysOfLayer, numbers, query, shownScale, theme, tokenRange } from "../../state";
import { AxisLabels } from "./axis_labels";
import { CrossHair } from "./cross_hair";
import { COLUMN_LABELS, ROW_LABELS } from "./layout";
import { MatrixCanvas } from "./matrix_canvas";
import { keyAction } from "./matrix_keys";
import { Minimap } from "./minimap";
import { chooseRegion, chooseRows, rowsInRange } from "./token_range";
import { type MatrixSource, useCells, weightIn } from "./use_matrix";
import { pinCell, pointAt, usePress } from "./use_press";
import {
  type Cell,
  pictureHeight,
  pictureWidth,
  type Point,
  settled,
  type Sheet,
  type Viewport,
  whole,
  zoomed,
} from "./viewport";

interface Shown {
  source: MatrixSource;
  sheet: Sheet;
  view: Viewport;
}

export interface MatrixPictureProps {
  source: MatrixSource;
  sheet: Sheet;
  label: string;
  onDrawn: () => void;
  /** What is drawn of a head that is not loaded whole, in place of its cells. */
  drawn?: (view: Viewport) => VNode;
  /** Pixel by code of the small picture, where codes are not those of the root of a weight. */
  table?: Uint32Array;
}

/** Zoom of one notch of a wheel. */
const WHEEL = 0.002;

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

/** Arrows, zoom, region and pin by the keyboard; `anchor` is where a region began. */
function useKeys(
  { source, sheet, view }: Shown,
  shown: Cell | null,
  anchor: { current: Cell | null },
  setView: (view: Viewport) => void,
): (event: TargetedKeyboardEvent<HTMLElement>) => void {
  const extend = (to: Cell): void => {
    anchor.current ??= shown ?? to;
    chooseRegion(source, anchor.current, to);
  };
  return (event) => {
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
}

type Cells = ReturnType<typeof useCells>;
type Rows = ReturnType<typeof rowsInRange>;

interface SideLabelsProps extends Shown {
  side: "query" | "key";
  cells: Cells;
  range: Rows;
}

function SideLabels({ side, source, sheet, view, cells, range }: SideLabelsProps) {
  const { pointed, selected } = cells;
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
      range={range}
      onRange={(first, last, alone) => {
        chooseRows(source, side, [first, last], alone);
      }}
    />
  );
}

export function MatrixPicture(props: MatrixPictureProps) {
  const { source, sheet } = props;
  const [chosen, setView] = useState(whole);
  const view = useMemo(() => settled(chosen, sheet), [chosen, sheet]);
  const cells = useCells(source);
  const rows = rowsInRange(source, tokenRange.value, "query");
  const columns = rowsInRange(source, tokenRange.value, "key");
  const shown = { source, sheet, view };
  return (
    <div
      class="matrix-picture"
      style={{ "--rows": `${ROW_LABELS}px`, "--columns": `${COLUMN_LABELS}px` }}
    >
      <div class="matrix-corner">
        {view.zoom > 1 && (
          <Minimap
            pyramid={source.pyramid}
            sheet={sheet}
            view={view}
            onMove={setView}
            table={props.table}
          />
        )}
      </div>
      <SideLabels {...shown} side="key" cells={cells} range={columns} />
      <SideLabels {...shown} side="query" cells={cells} range={rows} />
      <MatrixCells
        {...props}
        view={view}
        setView={setView}
        cells={cells}
        range={{ rows, columns }}
      />
    </div>
  );
}

interface MatrixCellsProps extends MatrixPictureProps {
  view: Viewport;
  setView: Dispatch<StateUpdater<Viewport>>;
  cells: Cells;
  range: { rows: Rows; columns: Rows };
}

function MatrixCells(props: MatrixCellsProps) {
  const { source, sheet, view, setView, range } = props;
  const { selected, shown } = props.cells;
  const picture = useRef<HTMLDivElement>(null);
  const anchor = useRef<Cell | null>(null);
  const placeOf = (event: { clientX: number; clientY: number }): Point => {
    const box = picture.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const { last, isPanned, ...press } = usePress({ source, sheet, view, setView, placeOf, anchor });
  useWheel(picture, (event) => {
    const lines = event.deltaMode === 0 ? 1 : 16;
    const at = finer(placeOf(event), last.current);
    setView((old) =>
      zoomed(settled(old, sheet), sheet, Math.exp(-WHEEL * lines * event.deltaY), at),
    );
  });
  const onKeyDown = useKeys({ source, sheet, view }, shown, anchor, setView);
  const leave = (): void => pointAt(source, null);
  useEffect(() => leave, []);
  return (
    <div
      ref={picture}
      class={isPanned ? "matrix-cells is-panned" : "matrix-cells"}
      role="application"
      tabIndex={0}
      aria-label="Matrix: arrows move, plus and minus zoom, 0 shows all, Enter selects, Shift + arrows choose a region"
      style={{ width: `${pictureWidth(sheet)}px`, height: `${pictureHeight(sheet)}px` }}
      {...press}
      onPointerLeave={leave}
      onBlur={leave}
      onKeyDown={onKeyDown}
    >
      {props.drawn?.(view) ?? (
        <MatrixCanvas
          pyramid={source.pyramid}
          sheet={sheet}
          view={view}
          theme={theme.value}
          scale={shownScale.value}
          keys={keysOfLayer.value}
          numbers={numbers.value}
          weightOf={(row, column) => weightIn(source, { row, column })}
          label={props.label}
          onDrawn={props.onDrawn}
        />
      )}
      <CrossHair
        sheet={sheet}
        view={view}
        pointed={shown}
        selected={selected}
        region={range.rows && range.columns && { rows: range.rows, columns: range.columns }}
      />
    </div>
  );
}
