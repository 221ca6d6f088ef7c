/** Pointed and selected cell, chosen region → frames around them, and around the pointed row and column. */

import {
  boxOf,
  type Cell,
  pictureHeight,
  pictureWidth,
  type Sheet,
  type Viewport,
} from "./viewport";

export interface CrossHairProps {
  sheet: Sheet;
  view: Viewport;
  /** Its row and column are framed. */
  pointed: Cell | null;
  selected: Cell | null;
  region: Region | null;
}

/** Rows and columns [first, end). */
export interface Region {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** A cell that is hardly to be seen gets a frame that is. */
const SMALLEST = 7;

function frame(start: number, size: number): [number, number] {
  const shown = Math.max(size, SMALLEST);
  return [start - (shown - size) / 2, shown];
}

function Selected({ sheet, view, cell }: { sheet: Sheet; view: Viewport; cell: Cell }) {
  const box = boxOf(view, sheet, cell);
  const [left, width] = frame(box.x, box.width);
  const [top, height] = frame(box.y, box.height);
  const style = { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
  return <div class="cross-cell" style={style} />;
}

function Chosen({ sheet, view, region }: { sheet: Sheet; view: Viewport; region: Region }) {
  const first = boxOf(view, sheet, { row: region.rows[0], column: region.columns[0] });
  const end = boxOf(view, sheet, { row: region.rows[1], column: region.columns[1] });
  const [left, width] = frame(first.x, end.x - first.x);
  const [top, height] = frame(first.y, end.y - first.y);
  const style = { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
  return <div class="cross-region" style={style} />;
}

export function CrossHair({ sheet, view, pointed, selected, region }: CrossHairProps) {
  const box = pointed && boxOf(view, sheet, pointed);
  return (
    <div class="cross-hair" aria-hidden="true">
      {box !== null && (
        <>
          <div
            class="cross-line"
            style={{
              left: 0,
              top: `${box.y}px`,
              width: `${pictureWidth(sheet)}px`,
              height: `${Math.max(1, box.height)}px`,
            }}
          />
          <div
            class="cross-line"
            style={{
              top: 0,
              left: `${box.x}px`,
              height: `${pictureHeight(sheet)}px`,
              width: `${Math.max(1, box.width)}px`,
            }}
          />
        </>
      )}
      {region !== null && <Chosen sheet={sheet} view={view} region={region} />}
      {selected !== null && <Selected sheet={sheet} view={view} cell={selected} />}
    </div>
  );
}
