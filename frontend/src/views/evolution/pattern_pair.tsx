/** A head → its pattern at the first and at the last step, small and side by side. */

import { useMemo } from "preact/hooks";

import type { Thumbnails } from "../../decoding/decode";
import { sequentialTable } from "../../draw/colour";
import type { Cell } from "../../draw/grid";
import { headCodes } from "../../draw/heads_picture";
import { SmallPattern } from "../../parts/small_pattern";
import { edgePatterns, theme } from "../../state";
import { formatStep } from "../../text/format_number";

const SIDE = 42;

export function PatternPair({ cell }: { readonly cell: Cell }) {
  const edges = edgePatterns.value;
  if (edges === null) return null;
  const [first, last] = edges.steps;
  return (
    <span
      class="pattern-pair"
      title={`its pattern at step ${formatStep(first)}, and at step ${formatStep(last)}`}
    >
      <Pattern of={edges.before} cell={cell} />
      <span aria-hidden="true">→</span>
      <Pattern of={edges.after} cell={cell} />
    </span>
  );
}

function Pattern({ of, cell: { layer, head } }: { readonly of: Thumbnails; readonly cell: Cell }) {
  const codes = useMemo(() => headCodes(of, layer, head), [of, layer, head]);
  return <SmallPattern codes={codes} colours={sequentialTable(theme.value)} side={SIDE} />;
}
