/** The chosen query and key → the line that says what is taken apart, and where. */

import { formatWeight } from "../../text/format_number";
import { dimensionOrder, FOLD_WIDTH, frameWidth } from "../../state";
import { headNames } from "../head/head_toolbar";
import type { NeuronNumbers } from "./neuron_numbers";
import type { ShownHead } from "./shown_head";
import { sharedKeyText, tokenText } from "./texts";
import { layerName } from "../../text/layer_names";

export interface PairTitleProps {
  shown: ShownHead;
  found: NeuronNumbers;
}

/** Layer, head, and the key head where heads share one. */
export function placeText({ record, header, vectors }: ShownHead): string {
  const names = headNames(record, vectors.layer);
  const place = `${layerName(record.layers, vectors.layer).toLowerCase()} · head ${names[vectors.head]!}`;
  const shared = sharedKeyText(header, vectors, names);
  return shared === null ? place : `${place} · ${shared}`;
}

export function PairTitle({ shown, found: { axes, numbers, key } }: PairTitleProps) {
  const isWide = frameWidth.value >= FOLD_WIDTH;
  const order =
    dimensionOrder.value === "stored"
      ? "dimensions as stored"
      : "dimensions ordered by their part in it";
  const from = <bdi>{tokenText(axes.query, numbers.query)}</bdi>;
  return (
    <header class="neuron-title">
      {key === null ? (
        <h2>{from} sees no key</h2>
      ) : (
        <h2>
          How the weight {from} → <bdi>{tokenText(axes.key, key)}</bdi>,{" "}
          {formatWeight(numbers.stored[key]!)}, is made up
        </h2>
      )}
      <p>
        {placeText(shown)}
        {isWide && ` · ${order}`}
      </p>
    </header>
  );
}
