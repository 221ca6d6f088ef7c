/** A grid layout → one button over each head's cell; one of them is in the tab order, arrows move among them. */

import { memo } from "preact/compat";

import {
  headsInOrder,
  neighbour,
  type Cell,
  type Direction,
  type GridLayout,
} from "../../draw/grid";
import { headName, headNumber, type LayerShape } from "./grid_layers";
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
  const { layout, onOpen, onReach, onFocus } = props;
  const move = (event: KeyboardEvent): void => {
    const direction = directions[event.key];
    const from = cellOf(event.target);
    if (direction === undefined || from === null || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    const to = neighbour(layout, from, direction);
    onReach(to);
    const group = event.currentTarget as HTMLElement;
    const selector = `button[data-layer="${to.layer}"][data-head="${to.head}"]`;
    group.querySelector<HTMLElement>(selector)?.focus();
  };
  const open = (event: MouseEvent): void => {
    const cell = cellOf(event.target);
    if (cell !== null) onOpen(cell, event);
  };
  return (
    <div
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
        headsInOrder(row.heads).map((head) => (
          <HeadButton
            key={`${row.layer}.${head}`}
            {...props}
            cell={{ layer: row.layer, head }}
            left={row.order.indexOf(head) * layout.pitchX}
            top={row.top}
          />
        )),
      )}
    </div>
  );
});

interface HeadButtonProps extends HeadButtonsProps {
  readonly cell: Cell;
  readonly left: number;
  readonly top: number;
}

function HeadButton({ cell, left, top, layout, shapes, ...rest }: HeadButtonProps) {
  const isReached = sameCell(cell, rest.reached);
  const { sparkTop, sparkHeight, markHeight, numberHeight } = layout;
  const height = sparkTop + sparkHeight + markHeight + numberHeight;
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
