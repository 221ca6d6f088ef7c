/** The pointer and the keyboard on a picture of patches → the patch pointed at, and the one picked. */

import type { ComponentChildren, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";

import type { Panel } from "../../decoding/panels";
import type { PictureSize } from "./base_picture";

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
    onPoint(row * panel.cols + within((at % panel.cols) + by[1], panel.cols));
  } else if (event.key === "Enter" && pointed !== -1) onPick(pointed);
  else if (event.key === "Escape" && onClear !== undefined) onClear();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function PatchGrid(props: PatchGridProps) {
  const { panel, size, label, hasLines = false, onPoint, onPick, children } = props;
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
      aria-label={`${label}, ${panel.rows} × ${panel.cols} patches: arrows move, Enter chooses, Escape frees`}
      style={{ width: size.width, height: size.height }}
      onPointerMove={(event) => onPoint(placeOf(panel, event))}
      onPointerLeave={() => onPoint(-1)}
      onBlur={() => onPoint(-1)}
      onClick={(event) => {
        const patch = placeOf(panel, event as unknown as TargetedPointerEvent<HTMLElement>);
        if (patch !== -1) onPick(patch);
      }}
      onKeyDown={(event) => onKey(event, props)}
    >
      {children}
      {hasLines && <i class="patch-lines" style={lines} />}
    </div>
  );
}
