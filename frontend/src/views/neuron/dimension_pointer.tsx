/** Pointer and keys over the columns → the dimension that is followed, marked in all three of them. */

import type { TargetedKeyboardEvent } from "preact";
import { useEffect } from "preact/hooks";

import { dimension, hoverDimension, pinDimension } from "../../state";
import { type ColumnsLayout, placeAt, spanOf } from "./columns_layout";
import type { NeuronNumbers } from "./neuron_numbers";
import { formatPart } from "./texts";

export interface DimensionPointerProps {
  found: NeuronNumbers;
  layout: ColumnsLayout;
  dimensions: number;
}

/** The pointed dimension, else the pinned one; null for none, and for one that the head lacks. */
export function followed(dimensions: number): number | null {
  const wanted = hoverDimension.value ?? dimension.value;
  return wanted !== null && wanted < dimensions ? wanted : null;
}

const moves: Partial<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -8,
  PageDown: 8,
  Home: -Infinity,
  End: Infinity,
};

function onKey(event: TargetedKeyboardEvent<HTMLElement>, props: DimensionPointerProps): void {
  const { order } = props.found;
  const now = followed(props.dimensions);
  const by = moves[event.key];
  if (by !== undefined) {
    const place = now === null ? -1 : order.indexOf(now);
    hoverDimension.value = order[Math.min(order.length - 1, Math.max(0, place + by))] ?? null;
  } else if (event.key === "Enter" || event.key === " ") {
    if (now !== null) pinDimension(now);
  } else if (event.key === "Escape") {
    dimension.value = null;
    hoverDimension.value = null;
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function Marks({ layout, place, count }: { layout: ColumnsLayout; place: number; count: number }) {
  return (
    <>
      {[layout.query, layout.key, layout.product].map((column, i) => {
        const { x, width } = spanOf(column, count, place);
        const style = { left: `${x - 1}px`, width: `${Math.max(1, width) + 2}px` };
        return <span key={i} class="dimension-mark" style={style} />;
      })}
    </>
  );
}

/** What a screen reader says of the followed dimension. */
function valueText({ numbers, key }: NeuronNumbers, dimensions: number, now: number | null) {
  if (now === null) return "no dimension";
  const part = key === null ? NaN : numbers.products[key * dimensions + now]!;
  return `dimension ${now}, q × k ${formatPart(part)}`;
}

/** Points nowhere after the canvas is gone. */
function useRelease(): void {
  useEffect(
    () => () => {
      hoverDimension.value = null;
    },
    [],
  );
}

export function DimensionPointer(props: DimensionPointerProps) {
  const { found, layout, dimensions } = props;
  const now = followed(dimensions);
  const place = now === null ? -1 : found.order.indexOf(now);
  const pointed = (event: MouseEvent): number | null => {
    const { left } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = placeAt(layout, dimensions, event.clientX - left);
    return at === null ? null : found.order[at]!;
  };
  useRelease();
  return (
    <div
      class="dimension-pointer"
      role="slider"
      tabIndex={0}
      aria-label="Dimension"
      aria-valuemin={0}
      aria-valuemax={dimensions - 1}
      aria-valuenow={Math.max(0, place)}
      aria-valuetext={valueText(found, dimensions, now)}
      onPointerMove={(event) => {
        hoverDimension.value = pointed(event);
      }}
      onPointerLeave={() => {
        hoverDimension.value = null;
      }}
      onClick={(event) => {
        const at = pointed(event);
        if (at !== null) pinDimension(at);
      }}
      onBlur={() => {
        hoverDimension.value = null;
      }}
      onKeyDown={(event) => {
        onKey(event, props);
      }}
    >
      {now !== null && <Marks layout={layout} place={place} count={dimensions} />}
    </div>
  );
}
