/** The room that a view leaves for its grid of heads → every head at the same place, whatever is drawn of it. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { gridLayout, type GridLayer, type GridLayout } from "../../draw/grid";
import { FOLD_WIDTH, frameWidth } from "../../state";
import type { Size } from "../measured";
import { gridLayers, type LayerShape } from "./grid_layers";

/** Of the part of the view that holds the grid with its title and legend. */
export const gridSize: Signal<Size> = signal({ width: 656, height: 640 });

const isNarrow: ReadonlySignal<boolean> = computed(() => frameWidth.value < FOLD_WIDTH);

/** Heights of what stands above and below the rows, widths of what stands beside the cells. */
const ABOVE = 72;
const BELOW = 86;
const BESIDE = 40;
const SCROLL_BAR = 11;

export interface PlacedHeads {
  readonly shapes: readonly LayerShape[];
  /** Of each layer, from left to right. */
  readonly orders: readonly (readonly number[])[];
  /** Each cell has its number under it. */
  readonly numbered: boolean;
  readonly content?: "history";
}

/** Where it must scroll, the bar takes its part of the width. */
export function placeHeads({ shapes, orders, numbered, content }: PlacedHeads): GridLayout {
  const layers: GridLayer[] = gridLayers(shapes, (at) => orders[at] ?? []);
  const room = {
    width: gridSize.value.width - BESIDE,
    height: gridSize.value.height - ABOVE - BELOW,
    pitchX: isNarrow.value ? 47 : 46,
    numbered,
    ...(content !== undefined && { content }),
  };
  const free = gridLayout(layers, room);
  if (free.height <= room.height) return free;
  return gridLayout(layers, { ...room, width: room.width - SCROLL_BAR });
}
