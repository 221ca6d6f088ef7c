/** A shown head and the state → the chosen query and key with all their numbers, worked out only when they change. */

import { useMemo } from "preact/hooks";

import {
  dimensionOrder,
  hoverKey,
  hoverQuery,
  key,
  query,
  rawTokens,
  sentenceFilter,
} from "../../state";
import { axesOf, type LayerAxes } from "../../parts/token_lines/axis";
import { chosenKey, chosenQuery, withoutUnseen } from "./chosen_pair";
import { byContribution, type Order, storedOrder } from "./dimension_order";
import { queryNumbers, type QueryNumbers } from "./query_numbers";
import type { ShownHead } from "./shown_head";

export interface NeuronNumbers {
  /** Keys that the query does not see are marked. */
  axes: LayerAxes;
  numbers: QueryNumbers;
  /** null: the query sees no key. */
  key: number | null;
  order: Order;
}

export function useAxes({ record, vectors }: ShownHead): LayerAxes {
  const filter = sentenceFilter.value;
  const raw = rawTokens.value;
  return useMemo(
    () => axesOf(record, vectors.layer, "show", filter, { raw }),
    [record, vectors.layer, filter, raw],
  );
}

/** null where the sentence filter leaves no query. */
export function useNeuronNumbers(shown: ShownHead): NeuronNumbers | null {
  const { header, vectors, weights } = shown;
  const axes = useAxes(shown);
  const chosen = chosenQuery(axes.query, hoverQuery.value, query.value);
  const numbers = useMemo(
    () => (chosen === null ? null : queryNumbers(header, vectors, weights, vectors.head, chosen)),
    [header, vectors, weights, chosen],
  );
  const to = numbers && chosenKey(axes.key, numbers, hoverKey.value, key.value);
  const byPart = dimensionOrder.value === "contribution";
  const order = useMemo(
    () =>
      byPart && numbers !== null && to !== null
        ? byContribution(numbers.products, to, vectors.dimensions)
        : storedOrder(vectors.dimensions),
    [byPart, numbers, to, vectors.dimensions],
  );
  const seen = useMemo(
    () => numbers && { ...axes, key: withoutUnseen(axes, numbers.seen) },
    [axes, numbers],
  );
  return numbers && seen && { axes: seen, numbers, key: to, order };
}
