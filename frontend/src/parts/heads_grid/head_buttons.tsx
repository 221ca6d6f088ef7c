/** A grid layout → one button over each head's cell; one of them is in the tab order, arrows move among them. */

import { memo } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";

import {
  cellBox,
  headsInOrder,
  neighbour,
  rowParts,
  type Cell,
  type Direction,
  type GridLayout,
  type GridRow,
} from "../../draw/grid";
import { headName, headNumber, type LayerShape } from "./grid_layers";
import { MANY_HEADS } from "./layout";
import { sameCell } from "./use_pointing";

export interface HeadButtonsProps {
  readonly layout: GridLayout;
  readonly shapes: readonly LayerShape[];
  readonly selected: Cell;
  /** The head whose button Tab reaches. */
  readonly reached: Cell;
  readonly isNumbered: boolean;
  readonly describedBy: string;
  readonly onOpen: (cell: Cell, event: MouseEvent) => void;
  readonly onReach: (cell: Cell) => void;
  readonly onFocus: (cell: Cell | null) => void;
}

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "rowStart",
  End: "rowEnd",
};

function cellOf(target: EventTarget | null): Cell | null {
  const button = (target as Element | null)?.closest<HTMLElement>("button[data-head]");
  if (!button) return null;
  return { layer: Number(button.dataset["layer"]), head: Number(button.dataset["head"]) };
}

export const HeadButtons = memo(function HeadButtons(props: HeadButtonsProps) {
  const { layout, reached, onOpen, onReach, onFocus } = props;
  const group = useRef<HTMLDivElement>(null);
  const isMoving = useRef(false);
  const focus = ({ layer, head }: Cell): boolean => {
    const selector = `button[data-layer="${layer}"][data-head="${head}"]`;
    const found = group.current!.querySelector<HTMLElement>(selector);
    found?.focus();
    return found !== null;
  };
  useLayoutEffect(() => {
    if (isMoving.current) focus(reached);
    isMoving.current = false;
  }, [reached]);
  const move = (event: KeyboardEvent): void => {
    const direction = directions[event.key];
    const from = cellOf(event.target);
    if (direction === undefined || from === null || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    const to = neighbour(layout, from, direction);
    onReach(to);
    isMoving.current = !focus(to);
  };
  const open = (event: MouseEvent): void => {
    const cell = cellOf(event.target);
    if (cell !== null) onOpen(cell, event);
  };
  return (
    <div
      ref={group}
      class="head-buttons"
      role="group"
      aria-label="Heads by layer"
      onKeyDown={move}
      onClick={open}
      onFocusIn={({ target }) => {
        const isVisible = (target as Element).matches(":focus-visible");
        onFocus(isVisible ? cellOf(target) : null);
      }}
      onFocusOut={() => onFocus(null)}
    >
      {layout.rows.flatMap((row) =>
        headsOf(row, props).map((head) => (
          <HeadButton
            key={`${row.layer}.${head}`}
            {...props}
            cell={{ layer: row.layer, head }}
            row={row}
          />
        )),
      )}
    </div>
  );
});

/** Of many heads only the one that Tab reaches, and the chosen one; the picture itself takes the clicks. */
function headsOf(row: GridRow, { layout, reached, selected }: HeadButtonsProps): number[] {
  const all = headsInOrder(row.heads);
  if (layout.rows.length * layout.columns <= MANY_HEADS) return all;
  const kept = [reached, selected].filter(({ layer }) => layer === row.layer);
  return all.filter((head) => kept.some((cell) => cell.head === head));
}

interface HeadButtonProps extends HeadButtonsProps {
  readonly cell: Cell;
  readonly row: GridRow;
}

function HeadButton({ cell, row, layout, shapes, ...rest }: HeadButtonProps) {
  const isReached = sameCell(cell, rest.reached);
  const { x: left, y: top } = cellBox(layout, cell)!;
  const parts = rowParts(layout, row);
  const below = parts.sparkTop + parts.sparkHeight + parts.markHeight + layout.numberHeight;
  const height = Math.max(parts.height, below);
  return (
    <button
      type="button"
      data-layer={cell.layer}
      data-head={cell.head}
      tabIndex={isReached ? 0 : -1}
      aria-label={headName(shapes, cell)}
      aria-current={sameCell(cell, rest.selected) ? "true" : undefined}
      aria-describedby={isReached ? rest.describedBy : undefined}
      style={{ left, top, width: layout.cell.width, height }}
    >
      {rest.isNumbered && <span>{headNumber(shapes[cell.layer], cell.head)}</span>}
    </button>
  );
}
