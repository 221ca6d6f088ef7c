/** Only a range of the tokens is shown → which, and how to see all again. */

import { headMode, tokenRange } from "../../state";
import type { ShownText } from "../../parts/token_lines/shown_text";
import type { TokenGroups } from "../../parts/token_lines/token_groups";

function spanOf({ starts, count, tokens }: TokenGroups): string {
  return `${starts[0]}–${starts[count]! - 1} of ${tokens}`;
}

export function RangeNote({ text: { groups } }: { text: ShownText }) {
  if (tokenRange.value === null) return null;
  return (
    <p class="range-note">
      Query tokens {spanOf(groups.query)}, key tokens {spanOf(groups.key)}.
      <button
        type="button"
        class="link"
        onClick={() => {
          tokenRange.value = null;
        }}
      >
        Whole text
      </button>
      <button
        type="button"
        class="link"
        onClick={() => {
          headMode.value = "matrix";
        }}
      >
        Back to the matrix
      </button>
    </p>
  );
}
