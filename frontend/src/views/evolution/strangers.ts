/** The series of the drawn runs → which of them logged another input under the shown one's tag, in a sentence. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { MetricSeries } from "../../decoding/decode";
import { isSameInput } from "../../decoding/same_input";
import { drawnRuns, otherSeries, runPrefix, series, shown } from "../../state";

const layersOf = ({ layers }: MetricSeries): string =>
  layers.map(({ kind, stack }) => `${kind} ${stack}`).join();

/** Of runs with other layers the hashes do not tell whether the text is another one too. */
export function strangersText(
  own: MetricSeries,
  others: ReadonlyMap<string, MetricSeries>,
  prefix: string,
): string | null {
  const { probe } = own.state;
  const found = [...others].filter(
    ([, { state }]) => probe !== null && state.probe !== null && !isSameInput(probe, state.probe),
  );
  const [first] = found;
  if (first === undefined) return null;
  const name = first[0].slice(prefix.length);
  const more = found.length - 1;
  const subject = more === 0 ? name : `${name} and ${more} more ${more === 1 ? "run" : "runs"}`;
  const isText = found.every(([, each]) => layersOf(each) === layersOf(own));
  return `${subject} logged ${isText ? "another text or mask" : "other layers, masks or another text"} under this tag`;
}

export const strangerText: ReadonlySignal<string | null> = computed(() => {
  const own = shown(series.value);
  if (own === undefined) return null;
  const drawn = [...otherSeries.value].filter(([name]) => drawnRuns.value.has(name));
  return strangersText(own, new Map(drawn), runPrefix.value);
});
