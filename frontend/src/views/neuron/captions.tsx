/** The followed dimension and the chosen pair → the numbers under the columns. */

import { dimension, hoverDimension } from "../../state";
import type { ColumnsLayout } from "./columns_layout";
import { followed } from "./dimension_pointer";
import type { NeuronNumbers } from "./neuron_numbers";
import type { ShownHead } from "./shown_head";
import { formatPart, softmaxText, tokenText } from "./texts";

export interface CaptionsProps {
  shown: ShownHead;
  found: NeuronNumbers;
  layout: ColumnsLayout;
}

function which(now: number | null): string {
  if (now === null) return "point at a dimension";
  return `dimension ${now} (${now === hoverDimension.value || now !== dimension.value ? "pointer" : "pinned"})`;
}

/** q and k of the followed dimension, as they are multiplied. */
function factors({ shown: { vectors }, found }: CaptionsProps, now: number | null) {
  const { numbers, key } = found;
  if (now === null || key === null) return null;
  const { query: q, key: k, dimensions } = vectors;
  const from = formatPart(q[numbers.query * dimensions + now]!);
  return `q ${from} × k ${formatPart(k[key * dimensions + now]!)}`;
}

function part({ shown: { vectors }, found }: CaptionsProps, now: number | null) {
  const { numbers, key, axes } = found;
  if (key === null) return null;
  const of =
    now === null ? "" : `${formatPart(numbers.products[key * vectors.dimensions + now]!)} of `;
  return (
    <>
      {of}
      <bdi>{tokenText(axes.query, numbers.query, 12)}</bdi> ·{" "}
      <bdi>{tokenText(axes.key, key, 12)}</bdi> {formatPart(numbers.sums[key]!)}
    </>
  );
}

export function Captions(props: CaptionsProps) {
  const { shown, layout } = props;
  const now = followed(shown.vectors.dimensions);
  const { query, key, product, softmax } = layout;
  const at = (x: number, end: number) => ({ left: `${x}px`, width: `${end - x}px` });
  return (
    <div class="neuron-captions">
      <div>
        <span style={at(query.x, key.x - 8)}>{which(now)}</span>
        <span style={at(key.x, product.x - 8)}>{factors(props, now)}</span>
        <span style={at(product.x, softmax.x - 8)}>{part(props, now)}</span>
        <span style={at(softmax.x, softmax.x + softmax.width + layout.numbers + layout.keyTokens)}>
          {softmaxText(shown.vectors)}
        </span>
      </div>
    </div>
  );
}
