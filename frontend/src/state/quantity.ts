/** Weight or contribution, where the record has both → the weights that views draw, and what they are called. */

import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { LayerHeader, RecordHeader } from "../decoding/answers";
import { contributionsOf, type Quantity } from "../decoding/contribution";
import type { LayerWeights } from "../decoding/decode";
import { comparedWeights } from "./compare_state";
import { type Loaded } from "./load";
import { isLong, knownHeader, weights } from "./loaded";
import { layer, view, visits } from "./selection";

export type { Quantity } from "../decoding/contribution";

/** The chosen one. */
export const quantity: Signal<Quantity> = signal("weight");

export function showQuantity(chosen: Quantity): void {
  batch(() => {
    visits.value += 1;
    quantity.value = chosen;
  });
}

/** Why a record has no contributions; null: it has. */
function lack(header: RecordHeader | undefined): string | null {
  if (header === undefined) return "The record is not loaded.";
  if (header.kind === "metrics") return "Only head metrics were logged at this step.";
  if (header.layers.some(isLong)) return "A text this long comes in parts, which are weights.";
  const without = header.layers.findIndex(({ value_norm_of: of }) => of === undefined);
  if (without === -1) return null;
  return header.layers[without]!.weights
    ? "Not logged: add_probe stores how long each value is, unless values=False."
    : `The weights of layer ${without} were left out when logging.`;
}

export const withoutContribution: ReadonlySignal<string | null> = computed(() =>
  lack(knownHeader.value),
);

/** Views draw contributions. */
export const isContribution: ReadonlySignal<boolean> = computed(
  () =>
    quantity.value === "contribution" &&
    view.value !== "neuron" &&
    withoutContribution.value === null,
);

/** What is drawn, in a word. */
export const quantityName: ReadonlySignal<Quantity> = computed(() =>
  isContribution.value ? "contribution" : "weight",
);

const measures: Record<string, string> = { vWo: "through W_O", v: "value alone" };

function measured(layers: readonly LayerHeader[]): string {
  const found = new Set(layers.map(({ value_norm_of: of }) => measures[of ?? ""] ?? "value alone"));
  return [...found].join(" or ");
}

/** What is drawn of the whole record, with the norm that it is by. */
export const quantityText: ReadonlySignal<string> = computed(() =>
  isContribution.value ? `contribution (${measured(knownHeader.value?.layers ?? [])})` : "weight",
);

/** The same of the selected layer. */
export const layerQuantityText: ReadonlySignal<string> = computed(() => {
  const shape = knownHeader.value?.layers[layer.value];
  return isContribution.value ? `contribution (${measured(shape ? [shape] : [])})` : "weight";
});

function asDrawn(of: Loaded<LayerWeights>): Loaded<LayerWeights> {
  if (!isContribution.value) return of;
  if (of.status === "ready") {
    const value = contributionsOf(of.value);
    return value === null ? { status: "idle" } : { status: "ready", value };
  }
  if (of.previous === undefined) return of;
  const { previous, ...rest } = of;
  const drawn = contributionsOf(previous);
  return drawn === null ? rest : { ...rest, previous: drawn };
}

/** Of the selected layer, as views draw them: weights, or contributions. */
export const shownWeights: ReadonlySignal<Loaded<LayerWeights>> = computed(() =>
  asDrawn(weights.value),
);
/** The same of record A. */
export const shownComparedWeights: ReadonlySignal<Loaded<LayerWeights>> = computed(() =>
  asDrawn(comparedWeights.value),
);
