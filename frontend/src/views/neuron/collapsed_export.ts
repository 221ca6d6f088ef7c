/** One head as lines → its picture as data, and its weights. */

import { headColour } from "../../draw/colour";
import type { Exported } from "../../saving/exported";
import { gain, shownThreshold, theme } from "../../state";
import { linesPicture } from "../head/lines_picture";
import { weightsTable } from "../../parts/token_lines/weights_csv";
import type { LayerAxes } from "../../parts/token_lines/axis";
import { presentFocus } from "../../parts/token_lines/compact_lines";
import { focusWeights } from "../../parts/token_lines/focus_weights";
import type { ShownHead } from "./shown_head";

/** The weights beside the lines are those of the focused token, as in the view. */
export function collapsedExport(
  { record, header, weights, vectors: { head } }: ShownHead,
  axes: LayerAxes,
): Exported {
  const focus = presentFocus(weights);
  const name = String(header.head_numbers?.[head] ?? head);
  const picture = linesPicture({
    record,
    numbers: {
      weights,
      heads: [{ head, colour: headColour(head, theme.value) }],
      axes,
      focus,
      rows: {
        side: focus?.side === "key" ? "query" : "key",
        byHead: focus === null ? [] : [focusWeights(weights, head, focus)],
        hidden: [],
      },
    },
    names: { [head]: name, length: head + 1 } as unknown as string[],
    threshold: shownThreshold.value,
    gain: gain.value,
    theme: theme.value,
    withNumbers: true,
  });
  return {
    picture,
    marks: [{ kind: "note", text: "the more ink the more weight" }],
    table: weightsTable({ step: record.step, weights, heads: [{ head, name }], axes }),
  };
}
