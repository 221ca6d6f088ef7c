/** What the columns do not show by themselves → sentences under them. */

import { formatWeight } from "../../text/format_number";
import { isolated } from "../../text/tokens";
import { FaultNotes } from "../../parts/fault_notes";
import { headNames } from "../head/head_toolbar";
import type { NeuronNumbers } from "./neuron_numbers";
import { errorBound, farthestKey } from "./query_numbers";
import type { ShownHead } from "./shown_head";
import { tokenText } from "./texts";

export interface NotesProps {
  shown: ShownHead;
  found: NeuronNumbers;
}

/** Where the weight as logged is not what query and key give. */
export function differenceNote({ shown, found }: NotesProps): string | null {
  const { numbers, axes } = found;
  const bound = errorBound(shown.record.precision, shown.header.dtype);
  const key = farthestKey(numbers, bound);
  if (key === null) return null;
  const pair = `${isolated(tokenText(axes.query, numbers.query))} → ${isolated(tokenText(axes.key, key))}`;
  return (
    `Shown are the logged weights. Recomputed from query and key, ${pair} would be ` +
    `${formatWeight(numbers.recomputed[key]!, 3)} instead of ${formatWeight(numbers.stored[key]!, 3)}.`
  );
}

/** Weight on keys that the sentence filter greys out. */
function filteredNote({ axes, numbers }: NeuronNumbers): string | null {
  if (axes.key.filtered.length === 0) return null;
  const mass = axes.key.filtered.reduce((sum, token) => sum + numbers.stored[token]!, 0);
  return `Weight on the other sentence, hidden by the filter: ${formatWeight(mass)}.`;
}

export function Notes(props: NotesProps) {
  const { record, vectors } = props.shown;
  const names = headNames(record, vectors.layer);
  const lines = [differenceNote(props), filteredNote(props.found)].filter((line) => line !== null);
  return (
    <>
      <FaultNotes record={record} layer={vectors.layer} names={names} />
      {lines.map((line) => (
        <p key={line} class="neuron-note">
          {line}
        </p>
      ))}
    </>
  );
}
