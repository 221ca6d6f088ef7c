/** A record and one of its layers → what is wrong with the layer's heads, a line each, above the picture of it. */

import type { RecordHeader } from "../state";
import { faultLines } from "./fault_lines";

export interface FaultNotesProps {
  readonly record: RecordHeader;
  readonly layer: number;
  /** Number of each head, as in the model. */
  readonly names: readonly string[];
}

export function FaultNotes({ record, layer, names }: FaultNotesProps) {
  return (
    <>
      {faultLines(record, layer, names).map((line) => (
        <p key={line} class="head-fault">
          {line}
        </p>
      ))}
    </>
  );
}
