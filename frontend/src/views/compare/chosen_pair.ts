/** What is loaded of records A and B → the chosen head's weights in both, and how they are drawn as lines. */

import type { LayerWeights } from "../../decoding/decode";
import { colourOf } from "../../draw/theme";
import {
  head,
  layer,
  record,
  type RecordHeader,
  showKept,
  shown,
  shownComparedWeights,
  shownWeights,
  theme,
} from "../../state";
import type { ShownHead } from "../../parts/token_lines/line_canvas";
import { areAlike, GAINED, KEPT, LOST } from "./difference_weights";

/** Lines of what was gained, lost and kept. */
export function changeColours(): { gained: string; lost: string; kept: string } {
  const now = theme.value;
  return {
    gained: colourOf("gained-line", now),
    lost: colourOf("lost-line", now),
    kept: colourOf("pointer", now),
  };
}

/** Of a difference's number; none where it rounds to nothing. */
export function changeColour(difference: number): { colour?: string } {
  if (Math.abs(difference) < 0.005) return {};
  const { gained, lost } = changeColours();
  return { colour: difference > 0 ? gained : lost };
}

export interface Pair {
  readonly header: RecordHeader;
  readonly first: LayerWeights;
  readonly second: LayerWeights;
  readonly head: number;
}

/** null until both records' weights are there. */
export function chosenPair(): Pair | null {
  const header = shown(record.value);
  const [first, second] = [shown(shownComparedWeights.value), shown(shownWeights.value)];
  if (header === undefined || first === undefined || second === undefined) return null;
  const shape = header.layers[second.layer];
  if (!areAlike(first, second) || shape?.queries !== second.queries) return null;
  const within = (of: LayerWeights): boolean =>
    head.value >= of.firstHead && head.value < of.firstHead + of.heads;
  if (second.layer !== layer.value || !within(first) || !within(second)) return null;
  return { header, first, second, head: head.value };
}

/** The parts of the difference as heads to draw, the lowest first. */
export function changeHeads(): ShownHead[] {
  const { gained, lost, kept } = changeColours();
  return [
    ...(showKept.value ? [{ head: KEPT, colour: kept }] : []),
    { head: LOST, colour: lost },
    { head: GAINED, colour: gained },
  ];
}
