/** How many heads of each layer changed → strips for the layers where none did, and their height for the others. */

import type { GridSizes } from "../../draw/grid";

/** Of a row that is a strip of values. */
export const STRIP = 21;
/** A row in which heads changed has at least this, where the room allows. */
const LEAST_TALL = 96;

/** The whole grid keeps its height; nothing folds where all rows changed, or none. */
export function foldedRows(
  sizes: GridSizes,
  moved: readonly number[],
): Pick<GridSizes, "rowPitches" | "folded"> {
  const layers = [...moved.keys()];
  const folded = new Set(layers.filter((layer) => moved[layer] === 0));
  const tall = layers.filter((layer) => !folded.has(layer));
  if (folded.size === 0 || tall.length === 0 || sizes.isOverview || sizes.pitchY <= STRIP)
    return {};
  const room = sizes.pitchY * layers.length - STRIP * folded.size;
  const least = Math.min(LEAST_TALL, Math.floor(room / tall.length));
  const spare = room - least * tall.length;
  const total = tall.reduce((sum, layer) => sum + moved[layer]!, 0);
  const rowPitches = new Map(
    layers.map((layer) => {
      const share = Math.floor((spare * moved[layer]!) / total);
      return [layer, folded.has(layer) ? STRIP : least + share] as const;
    }),
  );
  return { rowPitches, folded };
}
