/** Faults that the writer found in a layer → one sentence for each. */

import type { RecordHeader } from "../state";

const sentences: Record<string, string> = {
  fewer_heads: "the model's layer has more heads; these alone were captured",
  kernel_differs: "weights that do not give what the kernel returned",
  nan: "weights that are not numbers; nothing is drawn for them",
  row_sum: "rows that do not sum to 1",
  masked: "weight on keys that the mask hides",
};

export function faultLines(
  record: RecordHeader,
  layer: number,
  names: readonly string[],
): string[] {
  return record.faults
    .filter((each) => each.layer === layer && each.heads.length > 0)
    .map(({ heads, fault }) => {
      const who = heads.map((head) => names[head] ?? String(head)).join(", ");
      return `${heads.length === 1 ? "Head" : "Heads"} ${who}: ${sentences[fault] ?? fault}.`;
    });
}
