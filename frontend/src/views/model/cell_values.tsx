/** The selected step → the shown metric's value beside each head's history, bold where it changed for good. */

import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { cellBox, type Cell, type GridLayout } from "../../draw/grid";
import type { Shape } from "../../draw/picture";
import { cellsOf } from "../../parts/heads_grid/grid_picture";
import { step } from "../../state";
import { formatValue } from "../../text/format_number";
import { histories, layout } from "./scene";

const LINE = 14;

interface Value {
  readonly text: string;
  readonly isBold: boolean;
}

function valueOf({ layer, head }: Cell): Value {
  const of = histories.value;
  const value = of?.at(step.value ?? NaN, layer, head) ?? NaN;
  return {
    text: Number.isNaN(value) ? "" : formatValue(value),
    isBold: of !== null && of.change(layer, head) !== null,
  };
}

/** Null where the cells are too narrow for a value. */
function boxOf(grid: GridLayout, cell: Cell) {
  const box = cellBox(grid, cell);
  if (box === null || grid.sparkWidth === undefined) return null;
  if (grid.sparkWidth === grid.cell.width)
    return { left: box.x, top: box.y + grid.sparkTop - LINE, width: box.width };
  const top = box.y + grid.sparkTop + grid.sparkHeight - LINE;
  return { left: box.x + grid.sparkWidth, top, width: box.width - grid.sparkWidth };
}

export function CellValues() {
  const element = useRef<HTMLDivElement>(null);
  const grid = layout.value;
  const hasValues = grid.sparkWidth !== undefined;
  const cells = hasValues ? [...cellsOf(grid)] : [];
  useLayoutEffect(() => {
    const values = element.current?.children;
    if (values === undefined) return;
    return effect(() =>
      cells.forEach((cell, at) => {
        const { text, isBold } = valueOf(cell);
        const shown = values[at] as HTMLElement;
        if (shown.textContent !== text) shown.textContent = text;
        const name = isBold ? "is-strong" : "";
        if (shown.className !== name) shown.className = name;
      }),
    );
  }, [grid]);
  if (!hasValues) return null;
  return (
    <div ref={element} class="cell-values" aria-hidden="true">
      {cells.map((cell) => (
        <span key={`${cell.layer}.${cell.head}`} style={boxOf(grid, cell)!} />
      ))}
    </div>
  );
}

/** The same for a picture of the grid. */
export function valueShapes(colour: string): Shape[] {
  const grid = layout.peek();
  return [...cellsOf(grid)].flatMap((cell): Shape[] => {
    const box = boxOf(grid, cell);
    const { text, isBold } = valueOf(cell);
    if (box === null || text === "") return [];
    const [x, y] = [box.left + box.width, box.top + LINE - 3];
    return [
      { kind: "text", x, y, text, anchor: "end", size: 11, ...(isBold ? { isBold } : { colour }) },
    ];
  });
}
