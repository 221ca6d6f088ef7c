/** Places of the columns → their heads. */

import type { ComponentChildren } from "preact";

import type { ColumnsLayout, Span } from "./columns_layout";
import type { NeuronNumbers } from "./neuron_numbers";
import { tokenText } from "./texts";

interface HeadProps {
  span: Span;
  /** Room up to the next head. */
  room: number;
  name: string;
  children: ComponentChildren;
}

function ColumnHead({ span, room, name, children }: HeadProps) {
  return (
    <span style={{ left: `${span.x}px`, width: `${room}px` }}>
      <b>{name}</b>
      <span>{children}</span>
    </span>
  );
}

export interface ColumnHeadsProps {
  layout: ColumnsLayout;
  found: NeuronNumbers;
}

export function ColumnHeads({ layout, found: { axes, numbers } }: ColumnHeadsProps) {
  const { query, key, product, sum, softmax } = layout;
  const chosen = <bdi>{tokenText(axes.query, numbers.query, 12)}</bdi>;
  return (
    <div class="neuron-heads">
      <div>
        <ColumnHead span={query} room={query.width} name="query">
          each token’s q
        </ColumnHead>
        <ColumnHead span={key} room={key.width} name="key">
          each token’s k
        </ColumnHead>
        <ColumnHead span={product} room={product.width + 8} name="q × k">
          q of {chosen} times each k{product.width >= 180 && ", by dimension"}
        </ColumnHead>
        <ColumnHead span={sum} room={sum.width} name="q · k">
          sum
        </ColumnHead>
        <ColumnHead span={softmax} room={softmax.width + layout.numbers} name="softmax">
          weight of {chosen} on each key
        </ColumnHead>
      </div>
    </div>
  );
}
