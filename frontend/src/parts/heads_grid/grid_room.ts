/** The room that a view leaves for its grid of heads → every head at the same place, whatever is drawn of it. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { gridLayout, type GridLayer, type GridLayout, type GridSizes } from "../../draw/grid";
import { FOLD_WIDTH, frameWidth, gridZoom, isSideShown, stepError, view } from "../../state";
import type { Size } from "../measured";
import { gridLayers, type LayerShape } from "./grid_layers";
import { AROUND, fillRoom, historySizes, MANY_HEADS, patternSizes, type RoomPlan } from "./layout";

/** Of the whole view: the grid with its title and legend, and the panel. */
export const viewSize: Signal<Size> = signal({ width: 1024, height: 640 });

const SIDE = 336;
const NARROW_SIDE = 284;
/** Of wide windows: 336 px within its padding. */
const WIDE = { side: 368, from: 1440 };

const side: ReadonlySignal<number> = computed(() => {
  // What is wrong with a step stands beside the view, in the panel's place.
  if (!isSideShown.value || (view.value !== "evolution" && stepError.value !== null)) return 0;
  if (frameWidth.value >= WIDE.from) return WIDE.side;
  return frameWidth.value < FOLD_WIDTH ? NARROW_SIDE : SIDE;
});

export interface PlacedGrid extends GridLayout {
  /** Width of the panel beside the grid. */
  readonly panel: number;
}

export interface PlacedHeads {
  readonly shapes: readonly LayerShape[];
  /** Of each layer, from left to right. */
  readonly orders: readonly (readonly number[])[];
  /** Each cell has its number under it. */
  readonly numbered: boolean;
  /** Histories are never zoomed: they are seen all at once. A difference has a bar under it. */
  readonly content?: "history" | "difference";
  /** Layers that have a row; all without it. */
  readonly only?: ReadonlySet<number> | null;
  /** An overview has each layer's shares of roles beside it. */
  readonly hasShares?: boolean;
  /** CSS pixels of the view's height that stand over the grid; then the panel's width does not hang on the grid. */
  readonly taken?: number;
  /** Rows of another height, of a grid that does not scroll. */
  readonly rows?: Partial<Pick<GridSizes, "shaped" | "noteAfter" | "pitchY" | "cell">>;
}

/** Patterns are seen from here on: what does not fit is scrolled to. */
const LEAST_ROW = { pattern: 32, difference: 48 };
const LEAST_MAP = 160;

function heightOver(taken: number, rows: number, heads: number, row: number): number {
  const least = rows * heads > MANY_HEADS ? LEAST_MAP : rows * row;
  const whole = viewSize.value.height;
  const left = Math.max(whole - taken, least + AROUND.above + AROUND.below);
  return taken === 0 ? whole : left;
}

/** Under a difference. */
const ROOM_FOR_BAR = 10;

function roomPlan(layers: readonly GridLayer[], of: PlacedHeads): RoomPlan {
  const { content, taken = 0, hasShares = false } = of;
  const zoom = content === "history" ? null : gridZoom.value;
  const under = content === "difference" ? ROOM_FOR_BAR : null;
  const headings = new Set(layers.map(({ group }) => group)).size;
  const shape = {
    layers: layers.length,
    heads: Math.max(0, ...layers.map(({ heads }) => heads)),
    ...(layers.length > 0 && { each: layers.map(({ heads }) => heads) }),
    headings: headings > 1 ? headings : 0,
  };
  const row = under === null ? LEAST_ROW.pattern : LEAST_ROW.difference;
  const height = heightOver(taken, layers.length, shape.heads, row);
  return fillRoom({ ...viewSize.value, height, side: side.value, hasShares }, shape, zoom, under);
}

export function placeHeads(of: PlacedHeads): PlacedGrid {
  const { shapes, orders, numbered, content, rows, only = null, taken } = of;
  const all = gridLayers(shapes, (at) => orders[at] ?? []);
  const layers = only === null ? all : all.filter(({ layer }) => only.has(layer));
  const plan = roomPlan(layers, of);
  const sizes = content === "history" ? historySizes(plan) : patternSizes(plan, numbered);
  return {
    ...gridLayout(layers, { ...sizes, ...rows }),
    panel: taken === undefined && layers.length > 0 ? plan.panel : side.value,
  };
}
