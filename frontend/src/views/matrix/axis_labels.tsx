/** Tokens in view → their names along the matrix; dragged over, they choose a range. */

import type { TargetedPointerEvent } from "preact";

import { elide } from "../../text/tokens";
import type { Axis } from "../../parts/token_lines/axis";
import { labelled } from "./layout";

export interface AxisLabelsProps {
  side: "query" | "key";
  axis: Axis;
  /** First cell in view, pixels per cell, pixels in all. */
  start: number;
  pitch: number;
  length: number;
  /** Rows of the pointed and of the selected token. */
  pointed: number | null;
  selected: number | null;
  /** Rows [first, end) of the chosen range. */
  range: readonly [number, number] | null;
  onRange: (first: number, last: number, alone: boolean) => void;
}

const present = (...rows: (number | null)[]): number[] => rows.filter((row) => row !== null);

function Label({ props, row }: { props: AxisLabelsProps; row: number }) {
  const { side, axis, start, pitch, pointed, selected } = props;
  const { text, raw, special, off } = axis.rows[row]!;
  const middle = (row + 0.5 - start) * pitch;
  const marked = row === (pointed ?? selected);
  const name = ["axis-label", special && "is-special", off && "is-off", marked && "is-marked"];
  return (
    <span
      class={name.filter(Boolean).join(" ")}
      title={raw}
      style={side === "query" ? { top: `${middle}px` } : { left: `${middle}px` }}
    >
      <bdi>{elide(text, 32)}</bdi>
    </span>
  );
}

function RangeBar({ props }: { props: AxisLabelsProps }) {
  const { side, range, start, pitch, length } = props;
  if (range === null) return null;
  const from = Math.max(0, (range[0] - start) * pitch);
  const size = Math.min(length, (range[1] - start) * pitch) - from;
  if (size <= 0) return null;
  const style =
    side === "query"
      ? { top: `${from}px`, height: `${Math.max(2, size)}px` }
      : { left: `${from}px`, width: `${Math.max(2, size)}px` };
  return <span class="axis-range" style={style} />;
}

export function AxisLabels(props: AxisLabelsProps) {
  const { side, axis, start, pitch, length, pointed, selected, onRange } = props;
  const named = labelled(
    { start, pitch, length, count: axis.rows.length },
    present(pointed ?? selected),
  );
  const rowAt = (event: TargetedPointerEvent<HTMLElement>, element: HTMLElement): number => {
    const box = element.getBoundingClientRect();
    const along = side === "query" ? event.clientY - box.top : event.clientX - box.left;
    const row = Math.floor(start + Math.min(length - 0.01, Math.max(0, along)) / pitch);
    return Math.min(axis.rows.length - 1, Math.max(0, row));
  };
  const onPointerDown = (event: TargetedPointerEvent<HTMLElement>): void => {
    if (event.button !== 0) return;
    const element = event.currentTarget;
    const from = rowAt(event, element);
    element.setPointerCapture(event.pointerId);
    const move = (next: PointerEvent): void => {
      const to = rowAt(next as TargetedPointerEvent<HTMLElement>, element);
      if (to !== from) onRange(Math.min(from, to), Math.max(from, to), next.shiftKey);
    };
    const end = (): void => {
      element.removeEventListener("pointermove", move);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end, { once: true });
    element.addEventListener("pointercancel", end, { once: true });
  };
  return (
    <div
      class={`axis-labels is-${side}`}
      style={side === "query" ? { height: `${length}px` } : { width: `${length}px` }}
      data-axis={side}
      onPointerDown={onPointerDown}
    >
      <RangeBar props={props} />
      {named.map((row) => (
        <Label key={row} props={props} row={row} />
      ))}
    </div>
  );
}
