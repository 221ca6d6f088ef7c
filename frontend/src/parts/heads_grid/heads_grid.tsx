/** A layout, a paint signal and what a head's tip says → the grid of heads: labels, canvas, buttons, rings, tip. */

import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useMemo, useRef } from "preact/hooks";

import { cellBox, MEAN, type Cell, type GridLayout } from "../../draw/grid";
import type { Paint } from "./canvas_painter";
import { GridCanvas } from "./grid_canvas";
import { ColumnLabels, LayerLabels } from "./grid_labels";
import type { LayerShape } from "./grid_layers";
import { HeadButtons } from "./head_buttons";
import { HeadTip } from "./head_tip";
import { useRevealed } from "./reveal";
import { usePointing } from "./use_pointing";

export interface HeadsGridProps {
  readonly layout: ReadonlySignal<GridLayout>;
  readonly paint: ReadonlySignal<Paint>;
  readonly shapes: readonly LayerShape[];
  /** The same object as long as it is the same head. */
  readonly selected: Cell;
  /** Name of the picture for those who do not see it. */
  readonly label: string;
  /** Stands in place of the head numbers when heads are sorted; then each cell has its number. */
  readonly caption: string | null;
  readonly hasMean: boolean;
  /** Over the column that stands for a layer; "mean" without it. */
  readonly meanName?: string;
  readonly isBusy: boolean;
  /** What the tip says of a head, or of the mean of a layer (head MEAN). */
  readonly tip: (cell: Cell) => ComponentChildren;
  /** The tip is read out by screen readers, of the head that Tab reaches, and not shown. */
  readonly isTipHidden?: boolean;
  /** Over the picture, redrawn apart from it. */
  readonly overlay?: ReadonlySignal<Paint>;
  /** Over the pictures, in the grid's own coordinates. */
  readonly children?: ComponentChildren;
  /** Ends of the axis of tall rows. */
  readonly axis?: readonly [least: string, most: string];
  readonly onOpen: (cell: Cell, event: MouseEvent) => void;
  /** The pointer is so many CSS pixels right of a cell's edge, or (null) off the cells. */
  readonly onPoint?: (pointed: { cell: Cell; x: number } | null) => void;
  readonly onDrawn: () => void;
}

const TIP_ID = "head-tip";
const nothing = (): void => undefined;

export function HeadsGrid(props: HeadsGridProps) {
  const { selected, caption } = props;
  const layout = props.layout.value;
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const pointing = usePointing(layout, selected, content);
  const { pointed, reached, onDismiss } = pointing;
  const told = useMemo(() => props.tip(reached), [props.tip, reached]);
  useRevealed(frame, layout, selected);
  return (
    <div
      ref={frame}
      class="heads-grid"
      onScroll={onDismiss}
      onKeyDown={(event) => event.key === "Escape" && onDismiss()}
    >
      <span class="grid-corner" aria-hidden="true">
        L
      </span>
      <ColumnLabels
        layout={layout}
        caption={caption}
        hasMean={props.hasMean}
        meanName={props.meanName ?? "mean"}
      />
      <LayerLabels layout={layout} axis={props.axis ?? null} />
      <GridContent {...props} frame={frame} content={content} pointing={pointing} />
      {props.isTipHidden === true && (
        <div id={TIP_ID} class="visually-hidden">
          {told}
        </div>
      )}
      {pointed !== null && props.isTipHidden !== true && (
        <HeadTip {...{ layout, pointed, selected, content, frame }} id={TIP_ID}>
          {props.tip(pointed)}
        </HeadTip>
      )}
    </div>
  );
}

interface GridContentProps extends HeadsGridProps {
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly pointing: ReturnType<typeof usePointing>;
}

/** What scrolls: pictures, buttons over them, rings. */
function GridContent(props: GridContentProps) {
  const { selected, caption, content, pointing } = props;
  const layout = props.layout.value;
  const { pointed } = pointing;
  return (
    <div
      ref={content}
      class="grid-content"
      style={{ width: layout.width, height: layout.height }}
      onClick={(event) => {
        if ((event.target as Element).closest("button") !== null) return;
        const cell = pointing.onPointerMove(event)?.cell;
        if (cell !== undefined && cell.head !== MEAN) props.onOpen(cell, event);
      }}
      onPointerMove={(event) => {
        const found = pointing.onPointerMove(event);
        props.onPoint?.(found);
      }}
      onPointerLeave={() => {
        pointing.onPointerLeave();
        props.onPoint?.(null);
      }}
    >
      <GridCanvas {...props} />
      {props.overlay !== undefined && (
        <GridCanvas
          frame={props.frame}
          layout={props.layout}
          paint={props.overlay}
          label={null}
          isBusy={false}
          onDrawn={nothing}
        />
      )}
      {props.children}
      <HeadButtons
        layout={layout}
        shapes={props.shapes}
        selected={selected}
        reached={pointing.reached}
        isNumbered={caption !== null}
        describedBy={TIP_ID}
        onOpen={props.onOpen}
        onReach={pointing.onReach}
        onFocus={pointing.onFocus}
      />
      <Ring layout={layout} cell={selected} kind="selected" />
      {pointed !== null && <Ring layout={layout} cell={pointed} kind="pointed" />}
    </div>
  );
}

interface RingProps {
  readonly layout: GridLayout;
  readonly cell: Cell;
  readonly kind: "selected" | "pointed";
}

function Ring({ layout, cell, kind }: RingProps) {
  const box = cellBox(layout, cell);
  if (box === null) return null;
  const style = {
    transform: `translate(${box.x}px, ${box.y}px)`,
    width: box.width,
    height: box.height,
  };
  return <div class={`grid-ring ${kind}`} style={style} />;
}
