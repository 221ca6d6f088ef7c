/** One head → its lines between tokens, as the head view draws them, with the chosen token's weights. */

import { useMemo } from "preact/hooks";

import { useExport } from "../../saving/exported";
import { hoverQuery, key, query } from "../../state";
import { useDrawnMark } from "../../parts/drawn_mark";
import { CompactLines } from "../../parts/token_lines/compact_lines";
import { withoutUnseen } from "./chosen_pair";
import { collapsedExport } from "./collapsed_export";
import { seenKeys } from "./keys_seen";
import { useAxes } from "./neuron_numbers";
import { placeText } from "./pair_title";
import type { ShownHead } from "./shown_head";

export interface CollapsedProps {
  shown: ShownHead;
}

export function Collapsed({ shown }: CollapsedProps) {
  const { record, header, weights, vectors } = shown;
  const whole = useAxes(shown);
  const chosen = hoverQuery.value ?? query.value;
  const axes = useMemo(
    () =>
      chosen === null || chosen >= header.queries
        ? whole
        : { ...whole, key: withoutUnseen(whole, seenKeys(header, vectors, chosen)) },
    [whole, header, vectors, chosen],
  );
  useExport(() => collapsedExport(shown, axes));
  const onDrawn = useDrawnMark("neuron", [shown, query.value, key.value]);
  return (
    <div class="neuron-collapsed">
      <header class="neuron-title">
        <h2>What each token attends to</h2>
        <p>{placeText(shown)} · columns collapsed to lines</p>
      </header>
      <CompactLines
        record={record}
        weights={weights}
        head={vectors.head}
        axes={axes}
        onDrawn={onDrawn}
      />
    </div>
  );
}
