/** How many heads changed for good at each step → marks with their counts over the slider. */

import { changedAt, steps, tag, metrics } from "../state";
import { formatStep } from "../text/format_number";

/** With more of them numbers would run into one another. */
const MOST_NUMBERS = 16;

export function ChangeCounts() {
  if (tag.value === null || metrics.value === null) return null;
  const count = steps.value.length;
  if (count < 2) return null;
  const marked = [...changedAt.value].flatMap(([step, heads]) => {
    const position = steps.value.indexOf(step);
    return position === -1 ? [] : [{ step, heads, left: (100 * position) / (count - 1) }];
  });
  return (
    <>
      {marked.map(({ step, heads, left }) => (
        <i
          key={step}
          class="change-count"
          style={{ left: `${left}%` }}
          title={`${heads} ${heads === 1 ? "head" : "heads"} changed for good at step ${formatStep(step)}`}
          aria-hidden="true"
        >
          {marked.length <= MOST_NUMBERS ? heads.toLocaleString("en") : ""}
        </i>
      ))}
    </>
  );
}
