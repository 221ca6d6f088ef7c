/** The step that is read → the metric's value over every cell, written without a new layout of the page. */

import { computed, effect, untracked } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { inkOn, type Rgb } from "../../draw/colour";
import { stripColour } from "../../draw/evolution_picture";
import { cellBox, MEAN, rowParts, type Cell, type GridLayout } from "../../draw/grid";
import { formatValue } from "../../text/format_number";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { MANY_HEADS } from "../../parts/heads_grid/layout";
import { theme } from "../../state";
import { columnCaption, layout, main, shapes, valueOf } from "./scene";

/** The head changed for good in the shown metric. */
function isChanged({ layer, head }: Cell): boolean {
  return (main.value?.histories.change(layer, head) ?? null) !== null;
}

/** Of the rows that have a line for them. */
function cellsOf(grid: GridLayout): Cell[] {
  const rows = grid.rows.filter((row) => row.isFolded || rowParts(grid, row).sparkTop > 0);
  return rows.flatMap(({ layer, order }) =>
    [...order, ...(grid.meanX === null ? [] : [MEAN])].map((head) => ({ layer, head })),
  );
}

export function CellNumbers() {
  const element = useRef<HTMLDivElement>(null);
  const grid = layout.value;
  const cells = cellsOf(grid);
  const folded = new Set(grid.rows.flatMap(({ layer, isFolded }) => (isFolded ? [layer] : [])));
  useLayoutEffect(() => {
    const frame = element.current!.closest(".heads-grid")!;
    const numbers = element.current!.children;
    const changed = computed(() => cells.map(isChanged));
    const show = (): void => {
      const isSeen = inView(grid, frame);
      cells.forEach((cell, at) => {
        if (!isSeen(cell)) return;
        const value = valueOf(cell);
        const number = numbers[at] as HTMLDataElement;
        const ink = folded.has(cell.layer) ? stripInk(value) : "";
        write(number, value, changed.value[at]!, ink);
      });
    };
    const rewrite = (): void => untracked(show);
    const dispose = effect(show);
    const observer = new ResizeObserver(rewrite);
    observer.observe(frame);
    frame.addEventListener("scroll", rewrite, { passive: true });
    return () => {
      dispose();
      observer.disconnect();
      frame.removeEventListener("scroll", rewrite);
    };
  }, [grid, shapes.value]);
  return (
    <>
      <div ref={element} class="cell-numbers" aria-hidden="true">
        {cells.map((cell) => (
          <data key={`${cell.layer}.${cell.head}`} style={place(grid, cell)} />
        ))}
      </div>
      {columnCaption.value !== null && <HeadNumbers grid={grid} cells={cells} />}
    </>
  );
}

/** Of a large model only what is scrolled into view is written; to ask where a page stands that just changed takes a layout. */
function inView(grid: GridLayout, frame: Element): (cell: Cell) => boolean {
  if (grid.rows.length * grid.columns <= MANY_HEADS) return () => true;
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = frame;
  if (clientWidth === 0) return () => true;
  const boxes = new Map(grid.rows.map((row) => [row.layer, row]));
  return (cell) => {
    const { top, pitch } = boxes.get(cell.layer)!;
    if (top + pitch < scrollTop || top > scrollTop + clientHeight) return false;
    const left = cellBox(grid, cell)!.x;
    return left + grid.pitchX > scrollLeft - grid.pitchX && left < scrollLeft + clientWidth;
  };
}

/** Black or white, whichever can be read on the strip. */
function stripInk(value: number): string {
  const histories = main.value?.histories;
  const colour = histories === undefined ? null : stripColour(histories, value, theme.value);
  if (colour === null) return "";
  return inkOn([colour & 255, (colour >> 8) & 255, (colour >> 16) & 255] satisfies Rgb);
}

function write(number: HTMLDataElement, value: number, isEmphasised: boolean, ink: string): void {
  const text = formatValue(value);
  if (number.textContent !== text) number.textContent = text;
  number.value = String(value);
  number.className = isEmphasised ? "is-strong" : "";
  number.style.color = ink;
}

/** Parts a value from the number of the next head. */
const BESIDE_NUMBER = 6;

function place(grid: GridLayout, cell: Cell) {
  const { x, y, width, height } = cellBox(grid, cell)!;
  const row = grid.rows.find(({ layer }) => layer === cell.layer)!;
  if (row.isFolded) return { left: x, top: y + (height - 14) / 2, width: width - 6 };
  const { sparkTop } = rowParts(grid, row);
  const inset = columnCaption.value === null ? 0 : BESIDE_NUMBER;
  return { left: x, top: y + (sparkTop > 17 ? 3 : sparkTop > 14 ? 2 : 0), width: width - inset };
}

/** Which head each cell is, where no column says it. */
function HeadNumbers({ grid, cells }: { grid: GridLayout; cells: readonly Cell[] }) {
  return (
    <div class="cell-heads" aria-hidden="true">
      {cells
        .filter(({ head }) => head !== MEAN)
        .map((cell) => (
          <span key={`${cell.layer}.${cell.head}`} style={place(grid, cell)}>
            {headNumber(shapes.value[cell.layer], cell.head)}
          </span>
        ))}
    </div>
  );
}
