/** What the neuron view follows and how it lies on the page. */

import { signal, type Signal } from "@preact/signals";

export type DimensionOrder = "contribution" | "stored";
export type NeuronColumns = "expanded" | "collapsed";

export const dimensionOrder: Signal<DimensionOrder> = signal("contribution");
export const neuronColumns: Signal<NeuronColumns> = signal("expanded");
/** Pinned and pointed dimension of the head. */
export const dimension: Signal<number | null> = signal(null);
export const hoverDimension: Signal<number | null> = signal(null);

/** Pin a dimension; pinning it again, or null, frees it. */
export function pinDimension(number: number | null): void {
  dimension.value = dimension.value === number ? null : number;
}
