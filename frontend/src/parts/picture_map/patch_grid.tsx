/** The pointer and the keyboard on a picture of patches → the patch pointed at, and the one picked. */

import type { ComponentChildren, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";

import type { Panel } from "../../decoding/panels";
import { useDrag } from "../use_drag";
import type { PictureSize } from "./base_picture";
import { rectangleOf, type PatchRegion } from "./patch_region";

export interface PatchGridProps {
  readonly panel: Panel;
  readonly size: PictureSize;
  readonly label: string;
  /** Patches with a frame, from which the arrows go; −1: none. */
  readonly pointed: number;
  readonly pinned: number;
  readonly hasLines?: boolean;
  readonly onPoint: (patch: number) => void;
  readonly onPick: (patch: number) => void;
  readonly onClear?: () => void;
  /** A rectangle can be drawn, by dragging or with Shift and the arrows; null: none is. */
  readonly region?: PatchRegion | null;
  readonly onRegion?: (region: PatchRegion | null) => void;
  readonly children: ComponentChildren;
}

/** The patch at a place of the element, 0 to 1 each way; −1 beside the patches. */
export function patchUnder({ rows, cols, box }: Panel, x: number, y: number): number {
  const [x0, y0, x1, y1] = box;
  const col = Math.floor(((x - x0) / (x1 - x0)) * cols);
  const row = Math.floor(((y - y0) / (y1 - y0)) * rows);
  return col < 0 || row < 0 || col >= cols || row >= rows ? -1 : row * cols + col;
}

function placeOf(panel: Panel, event: TargetedPointerEvent<HTMLElement>): number {
  const box = event.currentTarget.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  return patchUnder(panel, x / box.width, y / box.height);
}

/** The same of the nearest patch, however far away. */
function nearestOf(panel: Panel, event: TargetedPointerEvent<HTMLElement>): number {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  const [x0, y0, x1, y1] = panel.box;
  const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
  const col = within(Math.floor(((x - x0) / (x1 - x0)) * panel.cols), panel.cols);
  return within(Math.floor(((y - y0) / (y1 - y0)) * panel.rows), panel.rows) * panel.cols + col;
}

const arrows: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const within = (at: number, count: number): number => Math.max(0, Math.min(count - 1, at));

function onKey(event: TargetedKeyboardEvent<HTMLElement>, props: PatchGridProps): void {
  const { panel, pointed, pinned, onPoint, onPick, onClear } = props;
  const by = arrows[event.key];
  const at = pointed !== -1 ? pointed : pinned !== -1 ? pinned : 0;
  if (by !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const row = within(Math.floor(at / panel.cols) + by[0], panel.rows);
    const to = row * panel.cols + within((at % panel.cols) + by[1], panel.cols);
    if (event.shiftKey) props.onRegion?.({ from: props.region?.from ?? at, to });
    onPoint(to);
  } else if (event.key === "Escape" && props.region && props.onRegion) props.onRegion(null);
  else if (event.key === "Enter" && pointed !== -1) onPick(pointed);
  else if (event.key === "Escape" && onClear !== undefined) onClear();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

const percent = (part: number): string => `${100 * part}%`;

function regionStyle({ rows, cols, box }: Panel, region: PatchRegion) {
  const [x0, y0, x1, y1] = box;
  const found = rectangleOf({ cols }, region);
  return {
    left: percent(x0 + (found.cols[0] / cols) * (x1 - x0)),
    top: percent(y0 + (found.rows[0] / rows) * (y1 - y0)),
    width: percent(((found.cols[1] + 1 - found.cols[0]) / cols) * (x1 - x0)),
    height: percent(((found.rows[1] + 1 - found.rows[0]) / rows) * (y1 - y0)),
  };
}

export function PatchGrid(props: PatchGridProps) {
  const { panel, size, label, hasLines = false, onPoint, onPick, children } = props;
  const { region = null, onRegion } = props;
  const drag = useDrag(
    (event) => nearestOf(panel, event),
    (from, to) => onRegion?.({ from, to }),
  );
  const draws = onRegion !== undefined;
  const [x0, y0, x1, y1] = panel.box;
  const lines = {
    left: `${100 * x0}%`,
    top: `${100 * y0}%`,
    width: `${100 * (x1 - x0)}%`,
    height: `${100 * (y1 - y0)}%`,
    backgroundSize: `${100 / panel.cols}% ${100 / panel.rows}%`,
  };
  return (
    <div
      class="patch-grid"
      role="application"
      tabIndex={0}
      aria-label={`${label}, ${panel.rows} × ${panel.cols} patches: arrows move, ${draws ? "with Shift they draw a rectangle, " : ""}Enter chooses, Escape frees`}
      style={{ width: size.width, height: size.height }}
      {...(draws && {
        onPointerDown: drag.onPointerDown,
        onPointerUp: drag.onPointerUp,
        onPointerCancel: drag.onPointerCancel,
      })}
      onPointerMove={(event) => {
        drag.onPointerMove(event);
        onPoint(placeOf(panel, event));
      }}
      onPointerLeave={() => onPoint(-1)}
      onBlur={() => onPoint(-1)}
      onClick={(event) => {
        if (drag.wasDragged()) return;
        const patch = placeOf(panel, event as unknown as TargetedPointerEvent<HTMLElement>);
        if (patch !== -1) onPick(patch);
      }}
      onKeyDown={(event) => onKey(event, props)}
    >
      {children}
      {hasLines && <i class="patch-lines" style={lines} />}
      {region !== null && <i class="patch-region" style={regionStyle(panel, region)} />}
    </div>
  );
}
