/** A layout, a paint signal and what a head's tip says → the grid of heads: labels, canvas, buttons, rings, tip. */

import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { cellAt, cellBox, MEAN, type Cell, type GridLayout } from "../../draw/grid";
import type { Box } from "../../draw/raster";
import type { Paint } from "./canvas_painter";
import { GridCanvas } from "./grid_canvas";
import { ColumnLabels, LayerLabels } from "./grid_labels";
import type { LayerShape } from "./grid_layers";
import { HeadButtons } from "./head_buttons";
import { HeadTip } from "./head_tip";

export interface HeadsGridProps {
  readonly layout: ReadonlySignal<GridLayout>;
  readonly paint: ReadonlySignal<Paint>;
  readonly shapes: readonly LayerShape[];
  readonly selected: Cell;
  /** Name of the picture for those who do not see it. */
  readonly label: string;
  /** Stands in place of the head numbers when heads are sorted; then each cell has its number. */
  readonly caption: string | null;
  readonly hasMean: boolean;
  readonly isBusy: boolean;
  /** What the tip says of a head, or of the mean of a layer (head MEAN). */
  readonly tip: (cell: Cell) => ComponentChildren;
  readonly onOpen: (cell: Cell) => void;
  readonly onDrawn: () => void;
}

const TIP_ID = "head-tip";

export function HeadsGrid(props: HeadsGridProps) {
  const { selected, caption, shapes, onOpen } = props;
  const layout = props.layout.value;
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<Cell | null>(null);
  const [reached, setReached] = useState(selected);
  useEffect(() => setReached(selected), [selected.layer, selected.head]);
  const reach = useCallback((cell: Cell) => {
    setReached(cell);
    setPointed(cell);
  }, []);
  const point = (event: PointerEvent): void => {
    const { left, top } = content.current!.getBoundingClientRect();
    const found = cellAt(layout, event.clientX - left, event.clientY - top);
    setPointed((old) => (old?.layer === found?.layer && old?.head === found?.head ? old : found));
  };
  const leave = (): void => setPointed(null);
  return (
    <div
      ref={frame}
      class="heads-grid"
      onScroll={leave}
      onKeyDown={(event) => event.key === "Escape" && leave()}
    >
      <span class="grid-corner" aria-hidden="true">
        L
      </span>
      <ColumnLabels layout={layout} caption={caption} hasMean={props.hasMean} />
      <LayerLabels layout={layout} />
      <div
        ref={content}
        class="grid-content"
        style={{ width: layout.width, height: layout.height }}
        onPointerMove={point}
        onPointerLeave={leave}
        onFocusOut={leave}
      >
        <GridCanvas {...props} frame={frame} />
        <HeadButtons
          layout={layout}
          shapes={shapes}
          selected={selected}
          reached={contained(layout, reached)}
          isNumbered={caption !== null}
          describedBy={TIP_ID}
          onOpen={onOpen}
          onReach={reach}
        />
        <Ring layout={layout} cell={selected} kind="selected" />
        {pointed !== null && <Ring layout={layout} cell={pointed} kind="pointed" />}
      </div>
      {pointed !== null && content.current !== null && (
        <PlacedTip
          layout={layout}
          pointed={pointed}
          selected={selected}
          content={content.current}
          frame={frame.current!}
        >
          {props.tip(pointed)}
        </PlacedTip>
      )}
    </div>
  );
}

/** The head itself while the grid has it, else its first one, so that Tab always reaches one. */
function contained(layout: GridLayout, cell: Cell): Cell {
  if (cell.head !== MEAN && cellBox(layout, cell) !== null) return cell;
  const row = layout.rows[0];
  return { layer: row?.layer ?? 0, head: row?.order[0] ?? 0 };
}

interface RingProps {
  readonly layout: GridLayout;
  readonly cell: Cell;
  readonly kind: "selected" | "pointed";
}

function Ring({ layout, cell, kind }: RingProps) {
  const box = cellBox(layout, cell);
  if (box === null) return null;
  const style = { left: box.x, top: box.y, width: box.width, height: box.height };
  return <div class={`grid-ring ${kind}`} style={style} />;
}

interface PlacedTipProps {
  readonly layout: GridLayout;
  readonly pointed: Cell;
  readonly selected: Cell;
  readonly content: HTMLElement;
  readonly frame: HTMLElement;
  readonly children: ComponentChildren;
}

function PlacedTip({ layout, pointed, selected, content, frame, children }: PlacedTipProps) {
  const origin = content.getBoundingClientRect();
  const bounds = (frame.parentElement ?? frame).getBoundingClientRect();
  const onPage = (cell: Cell): Box | null => {
    const box = cellBox(layout, cell);
    return box === null ? null : { ...box, x: box.x + origin.left, y: box.y + origin.top };
  };
  const box = onPage(pointed);
  if (box === null) return null;
  const inside = { x: bounds.left, y: bounds.top, width: bounds.width, height: bounds.height };
  return (
    <HeadTip id={TIP_ID} pointed={box} selected={onPage(selected)} bounds={inside}>
      {children}
    </HeadTip>
  );
}
