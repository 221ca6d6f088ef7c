/** More than two ticked runs → the chosen head's pattern in each as a small column; a press compares with that run. */

import { sequentialTable } from "../../draw/colour";
import { headCodes } from "../../draw/heads_picture";
import {
  compared,
  compareWith,
  head,
  layer,
  otherRuns,
  rivalPatterns,
  runPrefix,
  theme,
} from "../../state";
import { SmallPattern } from "../../parts/small_pattern";

const SIDE = 64;

export function RunColumns() {
  const patterns = rivalPatterns.value;
  if (patterns.size < 2) return null;
  const rest = otherRuns.value.length - patterns.size;
  return (
    <div class="run-columns" role="group" aria-label="This head in the other ticked runs">
      {[...patterns].map(([name, of]) => (
        <button
          key={name}
          type="button"
          title={`Compare with ${name}`}
          aria-pressed={compared.value?.run === name}
          onClick={() => compareWith("run", name)}
        >
          <SmallPattern
            codes={headCodes(of, layer.value, head.value)}
            colours={sequentialTable(theme.value)}
            side={SIDE}
          />
          <span>{name.slice(runPrefix.value.length)}</span>
        </button>
      ))}
      {rest > 0 && <p class="side-hint">and {rest} more</p>}
    </div>
  );
}
